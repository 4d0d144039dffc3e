"""The receiver's TLS: which clients are served, and what the log says about the others."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.avro_client import OK, AvroClient, append_batch, frame, handshake, lines
from tests.support.program_signs import signs_in
from tests.support.receiver import ReceiverProgram, bodies

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, another.pem (a CA that nobody trusts), and certificates that they have signed."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl command to make certificates with")
    folder = tmp_path_factory.mktemp("pki")
    for ca, signed in (("ca", ("receiver", "sink")), ("another", ("stranger",))):
        openssl(folder, "-x509", "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-subj", f"/CN={ca}")
        for name in signed:
            openssl(folder, "-x509", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-addext", NAMES)
            (folder / "out.pem").rename(folder / f"{name}.pem")
            (folder / "out.key").rename(folder / f"{name}.key")
    return folder


def openssl(folder: Path, *arguments: str) -> None:
    defaults = ("-keyout", "out.key", "-out", "out.pem", "-subj", "/CN=x")
    rest = () if "-out" in arguments else defaults
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    subprocess.run(
        ["openssl", "req", *key, *arguments, *rest], cwd=folder, check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def receiver(pki: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProgram]:
    """A TLS port that serves every sink that trusts our CA."""
    folder = tmp_path_factory.mktemp("receiver")
    flags = ("--tls-certificate", str(pki / "receiver.pem"), "--tls-key", str(pki / "receiver.key"))
    with ReceiverProgram(folder, *flags, patch="receiver.FRAME_SECONDS_MAX = 1") as receiver:
        yield receiver


@pytest.fixture(scope="module")
def strict(pki: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProgram]:
    """One that asks each sink for a certificate."""
    folder = tmp_path_factory.mktemp("strict")
    flags = ("--tls-certificate", str(pki / "receiver.pem"), "--tls-key", str(pki / "receiver.key"))
    with ReceiverProgram(folder, *flags, "--tls-client-ca", str(pki / "ca.pem")) as receiver:
        yield receiver


def connect(receiver: ReceiverProgram, pki: Path, certificate: str = "") -> AvroClient:
    context = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    if certificate:
        context.load_cert_chain(pki / f"{certificate}.pem", pki / f"{certificate}.key")
    client = receiver.client()
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    return client


def assert_refused(receiver: ReceiverProgram, client: AvroClient, reason: str) -> None:
    receiver.wait_for(lambda: receiver.said_of(client), "a line")
    (line,) = receiver.said_of(client)
    assert f"closed: TLS failed: {reason}" in line
    turned_away = [sign for sign in signs_in(receiver) if sign.name == "sink-turned-away"]
    assert any(reason in sign.fact for sign in turned_away)
    with receiver.client():
        receiver.process.poll()
    assert not receiver.log_lines("Traceback")


def test_a_sink_with_ssl_is_served(receiver: ReceiverProgram, pki: Path) -> None:
    with connect(receiver, pki) as client:
        assert client.call(handshake() + append_batch(lines("over TLS"))).endswith(OK)
        large = append_batch(lines(*(bytes(10_000) for _ in range(1000))))
        assert client.call(large, buffers=1200) == OK
    assert b"over TLS" in bodies(receiver.landing)


def test_a_plain_sink_on_a_tls_port_is_told_to_set_ssl(receiver: ReceiverProgram) -> None:
    with receiver.client() as client:
        client.socket.sendall(frame(1, handshake()))
        assert client.closed_by_peer()
        assert_refused(receiver, client, "it does not speak TLS; set ssl = true on its sink")


def test_a_browser_on_a_tls_port_is_named(receiver: ReceiverProgram) -> None:
    with receiver.client() as client:
        client.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert client.closed_by_peer()
        assert_refused(receiver, client, "it speaks HTTP")


def test_a_client_that_says_nothing_is_closed_in_time(receiver: ReceiverProgram) -> None:
    with receiver.client() as client:
        assert client.closed_by_peer()
        assert_refused(receiver, client, "")


def test_a_client_that_goes_away_is_one_line(receiver: ReceiverProgram) -> None:
    client = receiver.client()
    address = "{}:{} ".format(*client.socket.getsockname())
    client.socket.shutdown(socket.SHUT_RDWR)
    receiver.wait_for_log(address, "TLS failed")
    client.socket.close()


def test_a_sink_that_does_not_trust_the_receiver_is_named(
    receiver: ReceiverProgram, pki: Path
) -> None:
    context = ssl.create_default_context(cafile=str(pki / "another.pem"))
    with receiver.client() as client:
        address = client.socket.getsockname()
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(client.socket, server_hostname="localhost")
        receiver.wait_for_log("{}:{} ".format(*address), "TLS failed", "ALERT")


def test_a_sink_with_a_certificate_of_the_ca_is_served(strict: ReceiverProgram, pki: Path) -> None:
    with connect(strict, pki, "sink") as client:
        assert client.call(handshake() + append_batch(lines("known"))).endswith(OK)


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [("", "it showed no certificate"), ("stranger", "its certificate is not signed by")],
)
def test_a_sink_without_such_a_certificate_is_refused(
    strict: ReceiverProgram, pki: Path, certificate: str, reason: str
) -> None:
    with connect(strict, pki, certificate) as client:
        with pytest.raises((ConnectionError, ssl.SSLError)):
            client.call(handshake() + append_batch(lines("stranger")))
        assert_refused(strict, client, reason)
    assert b"stranger" not in bodies(strict.landing)
