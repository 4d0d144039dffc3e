"""Put batches into an S3 bucket, one object each: PREFIX/STEM-NUMBER.log.

An object appears whole or not at all, so programs may list the bucket meanwhile. A prefix has one
ledger. The environment names the server and the credentials, as for the AWS command line:
AWS_ENDPOINT_URL [Amazon's own]; AWS_SHARED_CREDENTIALS_FILE, or AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY; AWS_REGION [us-east-1].
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadgen.errors import LoadgenError
from loadgen.options import Destination
from loadgen.outlets.outlet import Recovered
from loadgen.outlets.sent_ledger import NothingSentError, SentLedger
from loadgen.scenarios import Batch

ATTEMPTS = 4
ANSWER_SECONDS = 10.0


class S3Bucket:
    """An existing bucket. Needs the package boto3."""

    def __init__(self, to: Destination, ledger: Path) -> None:
        """Raises LoadgenError if the package is not installed."""
        self._to = to
        self._prefix = f"{to['prefix'].strip('/')}/".lstrip("/")
        self._ledger = SentLedger(ledger)
        try:
            import boto3
            import botocore.config
            import botocore.exceptions
        except ImportError as error:
            raise LoadgenError(to.url, "boto3 is not installed", "pip install boto3") from error
        self._exceptions = botocore.exceptions
        with self._s3_errors("set AWS_ENDPOINT_URL to a URL"):
            self._client = boto3.client(
                "s3",
                endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
                region_name=os.environ.get("AWS_REGION", "us-east-1"),
                config=botocore.config.Config(
                    connect_timeout=ANSWER_SECONDS,
                    read_timeout=ANSWER_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                    # Only Amazon's server has a host name for each bucket, or accepts any checksum.
                    s3={"addressing_style": "path"},
                    request_checksum_calculation="when_required",
                ),
            )

    def recover(self) -> Recovered:
        """Reach the bucket, and reserve the names that are in use there."""
        recovered = self._ledger.recover()
        with self._s3_errors("give an existing bucket, and credentials that may list it"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._to["bucket"], Prefix=self._prefix
            )
            for page in pages:
                for found in page.get("Contents", []):
                    self._ledger.reserve(found["Key"].removeprefix(self._prefix))
        return recovered

    def publish(self, batch: Batch, stem: str) -> str:
        with (
            self._ledger.recorded(batch, stem) as name,
            self._s3_errors(
                f"if the bucket lacks {name}, its lines are in the ledger only: start over"
            ),
        ):
            self._client.put_object(
                Bucket=self._to["bucket"], Key=self._prefix + name, Body=batch.data
            )
        return name

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def _s3_errors(self, remedy: str) -> Iterator[None]:
        """Turn a failure into a LoadgenError; a NothingSentError if the server refused."""
        try:
            yield
        except self._exceptions.ClientError as error:
            reason, status = error.response["Error"], error.response["ResponseMetadata"]
            fact = f"{reason['Code']}: {reason.get('Message') or 'no message'}"
            if status["HTTPStatusCode"] < 500:
                access = "give an existing bucket, and credentials that may list and write it"
                raise NothingSentError(self._to.url, _one_line(fact), access) from error
            raise LoadgenError(self._to.url, _one_line(fact), remedy) from error
        except (self._exceptions.BotoCoreError, ValueError) as error:
            raise LoadgenError(self._to.url, _one_line(str(error)), remedy) from error


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
