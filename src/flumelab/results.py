"""The result store: what the lab's programs counted, in any database that SQLAlchemy speaks to.

``python -m flumelab.results`` prints as JSON what is in the store of `RESULTS_URL`.

A batch is added in one transaction together with its name, so that a batch that Spark runs again
after a failure changes nothing.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from flumelab.counts import MALFORMED, Counts
from flumelab.errors import LabError

_tables = MetaData()
_batches = Table(
    "counted_batches",
    _tables,
    Column("batch", Text, primary_key=True),
    Column("lines", BigInteger, nullable=False),
)
_totals = Table(
    "url_totals",
    _tables,
    Column("url", Text, primary_key=True),
    Column("hits", BigInteger, nullable=False),
)

_KEYS_PER_QUERY = 500  # databases limit a statement's parameters; SQLite's old limit is 999


@dataclass(frozen=True)
class ResultStore:
    """Running totals by URL.

    :param url: SQLAlchemy's, for example ``sqlite:///results.db``. The store is opened anew for
        each call, so it can be pickled into a checkpoint.
    """

    url: str

    def create(self) -> None:
        """Make the tables that are not there yet; raises `LabError` where there is no database."""
        with self._engine() as engine:
            _tables.create_all(engine)

    def add_batch(self, batch: str, counts: Iterable[tuple[str, int]]) -> None:
        """Add the counts of a micro-batch; nothing if it has been added before.

        :param batch: a name that the batch has again when it is run again, and no other ever has
        :param counts: ``(url, hits)``, each URL once; `MALFORMED` for lines without one
        """
        hits = dict(counts)
        with self._new(batch, hits) as connection:
            if connection:
                _upsert(connection, hits, _totals.c.hits + bindparam("value"))

    def put_batch(self, batch: str, values: Iterable[tuple[str, int]]) -> None:
        """Set these keys to what a micro-batch has made of them; nothing if it was put before."""
        hits = dict(values)
        with self._new(batch, hits) as connection:
            if connection:
                _upsert(connection, hits, bindparam("value"))

    def replace_all(self, batch: str, values: Iterable[tuple[str, int]]) -> None:
        """These keys and no other, as of this micro-batch; nothing if that was done before."""
        hits = dict(values)
        with self._new(batch, hits) as connection:
            if connection:
                connection.execute(delete(_totals))
                _upsert(connection, hits, bindparam("value"))

    def counts(self) -> Counts:
        """The totals, most hits first."""
        with self._engine() as engine, engine.connect() as connection:
            _tables.create_all(engine)
            rows = connection.execute(select(_totals).order_by(_totals.c.hits.desc())).all()
        urls: dict[str, int] = dict(rows)
        malformed = urls.pop(MALFORMED, 0)
        return Counts(urls, malformed)

    @contextmanager
    def _new(self, batch: str, values: Mapping[str, int]) -> Iterator[Connection | None]:
        """A transaction in which the batch is noted; None if it has been noted before."""
        with self._engine() as engine, engine.begin() as connection:
            try:
                connection.execute(insert(_batches).values(batch=batch, lines=sum(values.values())))
            except IntegrityError:
                yield None
                return
            yield connection

    @contextmanager
    def _engine(self) -> Iterator[Engine]:
        try:
            engine = create_engine(self.url, poolclass=NullPool)
            if engine.dialect.name == "sqlite":
                event.listen(engine, "connect", _let_readers_in)
            yield engine
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise LabError(
                f"result store {self.url}: {cause}; set RESULTS_URL to a database that is there"
            ) from error


def _upsert(connection: Connection, values: Mapping[str, int], new: ColumnElement[int]) -> None:
    """Insert the keys that are not there yet; the others become `new`, of ``value``."""
    known = {
        url
        for urls in _chunks(values, _KEYS_PER_QUERY)
        for url in connection.scalars(select(_totals.c.url).where(_totals.c.url.in_(urls)))
    }
    if known:
        connection.execute(
            update(_totals).where(_totals.c.url == bindparam("key")).values(hits=new),
            [{"key": url, "value": values[url]} for url in known],
        )
    if rest := values.keys() - known:
        connection.execute(insert(_totals), [{"url": url, "hits": values[url]} for url in rest])


def _let_readers_in(connection, _record) -> None:  # type: ignore[no-untyped-def]  # DBAPI's
    connection.execute("PRAGMA journal_mode=WAL")


def _chunks(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, size)):
        yield chunk


if __name__ == "__main__":
    print(json.dumps(asdict(ResultStore(os.environ["RESULTS_URL"]).counts())))
