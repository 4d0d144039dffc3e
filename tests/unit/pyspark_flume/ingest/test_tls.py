"""TLS without a client: files that cannot be used, and what the log says of a failed handshake."""

from __future__ import annotations

import ssl
from pathlib import Path
from unittest.mock import Mock

import pytest
from pyspark_flume.errors import IngestionFailed
from pyspark_flume.ingest.tls import handshake_failure, server_context
from pyspark_flume.options.ingestion import ReceiverSettings


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    assert server_context(ReceiverSettings(tmp_path, port=4141)) is None


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str | None) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    if text:
        certificate.write_text(text)
        key.write_text(text)
    settings = ReceiverSettings(tmp_path, port=4141, certificate=certificate, key=key)

    with pytest.raises(IngestionFailed, match=f"TLS with certificate {certificate}, key {key}, "):
        server_context(settings)


def test_nobody_is_asked_for_the_password_of_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL asks at the terminal if it gets none; a wrong one makes it fail."""
    context = Mock()
    monkeypatch.setattr(ssl, "create_default_context", lambda _: context)

    server_context(ReceiverSettings(tmp_path, port=4141, certificate=tmp_path / "x.pem"))

    assert context.load_cert_chain.call_args.kwargs == {"password": ""}


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] something (_ssl.c:1)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (tls_error("HTTP_REQUEST"), "it speaks HTTP; only Flume's avro sink may connect here"),
        (tls_error("NO_SHARED_CIPHER"), "NO_SHARED_CIPHER"),
        (ConnectionResetError("reset by the peer"), "reset by the peer"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_a_failed_handshake_is_said_in_plain_words(error: OSError, said: str) -> None:
    assert handshake_failure(error) == said
