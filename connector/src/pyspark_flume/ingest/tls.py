"""TLS on a receiver's port."""

import ssl

from pyspark_flume.errors import IngestionFailed
from pyspark_flume.options.ingestion import ReceiverSettings

# OpenSSL's name for an error of the other side, and what the log says about it.
CLIENT_ERRORS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it showed no certificate, which tlsClientCa asks for",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not signed by tlsClientCa, or has expired",
    "WRONG_VERSION_NUMBER": "it does not speak TLS; set ssl = true on its sink",
    "HTTP_REQUEST": "it speaks HTTP; only Flume's avro sink may connect here",
}


def server_context(settings: ReceiverSettings) -> ssl.SSLContext | None:
    """Return the context for the settings' certificate; None if the port does not use TLS.

    Raises `IngestionFailed` if a file cannot be used.
    """
    if not settings.certificate:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(settings.certificate, settings.key, password="")
        if settings.client_ca:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise IngestionFailed(
            f"TLS with certificate {settings.certificate}, key {settings.key}, "
            f"client CA {settings.client_ca}: {error}; give readable PEM files that match"
        ) from None
    return context


def handshake_failure(error: OSError) -> str:
    """Return why a handshake with a client failed, for the log."""
    reason = getattr(error, "reason", None) or str(error) or type(error).__name__
    return CLIENT_ERRORS.get(reason, reason)
