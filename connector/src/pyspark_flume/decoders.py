"""Decoders of an event's body. `FlumeUtils` calls them on the executors."""


def utf8_decoder(body: bytes | None) -> str | None:
    """Return the body as text; None stays None.

    A body that is not UTF-8 fails its batch, as in Spark 2.4.
    """
    return None if body is None else body.decode("utf-8")
