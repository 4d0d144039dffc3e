"""Tests against a stand-in server that answers a listing and a PUT over HTTP as S3 does."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from loadgen import ledger
from loadgen.errors import LoadgenError
from loadgen.options import parse
from loadgen.outlets import s3 as s3_outlet
from loadgen.outlets.s3 import S3Bucket
from loadgen.scenarios.orders import Orders

BATCH = Orders(1, 0.1).generate(30)


class Server(ThreadingHTTPServer):
    """A bucket named "lab"; with `refuse`, each PUT is answered with that status and code."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Requests)
        self.objects: dict[str, bytes] = {}
        self.entries_at_put: list[int] = []
        self.refuse: tuple[int, str] | None = None
        self.ledger = Path()


class Requests(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path != "/lab":
            return self._error(404, "NoSuchBucket")
        prefix = parse_qs(asked.query).get("prefix", [""])[0]
        keys = [key for key in self.server.objects if key.startswith(prefix)]
        contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
        return self._answer(200, f"<ListBucketResult>{contents}</ListBucketResult>")

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.entries_at_put.append(len(ledger.read(self.server.ledger)))
        if self.server.refuse:
            return self._error(*self.server.refuse)
        self.server.objects[self.path.removeprefix("/lab/")] = body
        return self._answer(200, "")

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>As I\nsay.</Message></Error>")

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    pytest.importorskip("boto3", reason="needs the package boto3")
    with Server() as server:
        server.ledger = tmp_path / "ledger.jsonl"
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "lab")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setattr(s3_outlet, "ATTEMPTS", 1)
        running = Thread(target=server.serve_forever, args=(0.01,))
        running.start()
        yield server
        server.shutdown()
        running.join()


def bucket_at(url: str, path: Path) -> S3Bucket:
    return S3Bucket(parse(["--to", url, "--ledger", str(path)]).to, path)


def opened(server: Server, url: str = "s3://lab/logs") -> S3Bucket:
    bucket = bucket_at(url, server.ledger)
    bucket.recover()
    return bucket


def test_a_batch_becomes_an_object_after_its_ledger_entry(server: Server) -> None:
    bucket = opened(server)
    assert [bucket.publish(BATCH, "orders") for _ in range(2)] == [
        "orders-000001.log", "orders-000002.log"
    ]  # fmt: skip
    assert server.objects == {f"logs/orders-00000{n}.log": BATCH.data for n in (1, 2)}
    assert server.entries_at_put == [1, 2]
    assert [entry.events for entry in ledger.read(server.ledger)] == [BATCH.events] * 2
    bucket.close()


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("s3://lab", "orders-000001.log"),
        ("s3://lab/", "orders-000001.log"),
        ("s3://lab/a/b/", "a/b/orders-000001.log"),
    ],
)
def test_a_prefix_is_a_folder(server: Server, url: str, key: str) -> None:
    opened(server, url).publish(BATCH, "orders")
    assert list(server.objects) == [key]


def test_no_object_is_overwritten(server: Server) -> None:
    server.objects = {"logs/orders-000041.log": b"", "orders-000051.log": b"", "logs/x.csv": b""}
    assert opened(server).publish(BATCH, "orders") == "orders-000042.log"


def test_a_missing_bucket_is_reported_on_one_line(server: Server) -> None:
    remedy = "give an existing bucket, and credentials that may list and write it"
    with pytest.raises(LoadgenError) as error:
        opened(server, "s3://attic/logs")
    assert str(error.value) == f"s3://attic/logs: NoSuchBucket: As I say; {remedy}"


def test_what_the_bucket_refuses_is_not_in_the_ledger(server: Server) -> None:
    bucket = opened(server)
    bucket.publish(BATCH, "orders")
    server.refuse = (403, "AccessDenied")
    with pytest.raises(LoadgenError, match=r"^s3://lab/logs: AccessDenied: As I say; give an exis"):
        bucket.publish(BATCH, "orders")
    assert [entry.name for entry in ledger.read(server.ledger)] == ["orders-000001.log"]


def test_what_may_be_in_the_bucket_is_in_the_ledger(server: Server) -> None:
    bucket = opened(server)
    server.refuse = (500, "InternalError")
    remedy = "if the bucket lacks orders-000001.log, its lines are in the ledger only: start over"
    with pytest.raises(LoadgenError) as error:
        bucket.publish(BATCH, "orders")
    assert str(error.value) == f"s3://lab/logs: InternalError: As I say; {remedy}"
    assert [entry.lines for entry in ledger.read(server.ledger)] == [30]


def test_a_missing_server_is_reported_on_one_line(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    fact = re.escape(f's3://lab/logs: Could not connect to the endpoint URL: "{endpoint}')
    with pytest.raises(LoadgenError, match=rf"^{fact}[^\n]*; give an existing bucket"):
        opened(server)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(LoadgenError, match=r"^s3://lab/logs: Invalid endpoint: nonsense; set AWS_"):
        opened(server)


def test_a_missing_package_is_reported_on_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(LoadgenError, match=r"^s3://lab: boto3 is not installed; pip install"):
        bucket_at("s3://lab", tmp_path / "ledger.jsonl")
