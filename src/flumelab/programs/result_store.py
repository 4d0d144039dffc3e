"""The result store: what the lab's programs counted, in any database that SQLAlchemy speaks to.

``python -m flumelab.programs.result_store`` prints as JSON what is in the store of `RESULTS_URL`.

A batch is added in one transaction together with its name, so that a batch that Spark runs again
after a failure changes nothing.
"""

import configparser
import json
import os
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    VARCHAR,
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
    make_url,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from flumelab.counts import MALFORMED, Counts
from flumelab.errors import LabError

# MySQL's keys are 3,072 bytes at most, four for each character.
_KEY = Text().with_variant(VARCHAR(640), "mysql", "mariadb")
_NAME = Text().with_variant(VARCHAR(100), "mysql", "mariadb")

_tables = MetaData()
_batches = Table(
    "counted_batches",
    _tables,
    Column("batch", _NAME, primary_key=True),
    Column("lines", BigInteger, nullable=False),
)
_totals = Table(
    "url_totals",
    _tables,
    Column("url", _KEY, primary_key=True),
    Column("hits", BigInteger, nullable=False),
)
_staged = Table(
    "staged",
    _tables,
    Column("attempt", _NAME, primary_key=True),
    Column("url", _KEY, primary_key=True),
    Column("hits", BigInteger, nullable=False),
)

_KEYS_PER_QUERY = 500  # databases limit a statement's parameters; SQLite's old limit is 999
# MySQL's: no server at the socket or the port, gone, lost in a query, shutting down.
_AWAY = {2002, 2003, 2006, 2013, 1053}
_AWAY_SECONDS_MAX = 600
_POLL_SECONDS = 0.5
_waits_for_all = threading.Lock()  # one query says it, not each


@dataclass(frozen=True)
class ResultStore:
    """Running totals by URL.

    :param url: SQLAlchemy's, for example ``sqlite:///results.db``. The store is opened anew for
        each call, so it can be pickled into a checkpoint.
    """

    url: str

    def create(self) -> None:
        """Make the tables that are not there yet; raises `LabError` where there is no database."""
        with self._engine() as engine, engine.begin() as connection:
            for table in _tables.sorted_tables:  # another program may be about to do the same
                connection.execute(CreateTable(table, if_not_exists=True))

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

    @contextmanager
    def staged(self, batch: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Set keys to rows that Spark writes meanwhile, by JDBC; nothing if it was done before.

        Gives an `attempt` and the options of ``write.format("jdbc")``, for rows of that `attempt`,
        `url` and `hits`. Tasks write them into a table apart; at the end of the block they come
        into the totals in one transaction.
        """
        attempt = f"{batch} {uuid.uuid4()}"
        yield attempt, {**self._jdbc(), "dbtable": _staged.name}
        mine = _staged.c.attempt == attempt
        rows = select(_staged.c.url, _staged.c.hits).where(mine)
        with self._new(batch, {}) as connection:
            if connection:
                known = select(_staged.c.url).where(mine)
                connection.execute(delete(_totals).where(_totals.c.url.in_(known)))
                connection.execute(insert(_totals).from_select(["url", "hits"], rows))
        with self._engine() as engine, engine.begin() as connection:
            # With what an attempt has left that was killed.
            connection.execute(delete(_staged).where(_staged.c.attempt.startswith(f"{batch} ")))

    def patient(self, store: Callable[[Any, int], None]) -> Callable[[Any, int], None]:
        """`store`, a function for ``foreachBatch``, done again where the database was away.

        It waits for the database up to ten minutes, and says so in one line. What had been stored
        all the same is not stored twice: the batch has the same name again.
        """

        def store_patiently(batch: Any, number: int) -> None:
            while True:
                try:
                    return store(batch, number)
                except Exception as error:
                    if not _says_that_it_is_away(error):
                        raise
                    self._wait()

        return store_patiently

    def counts(self) -> Counts:
        """The totals, most hits first."""
        with self._engine() as engine, engine.connect() as connection:
            _tables.create_all(engine)
            rows = connection.execute(select(_totals).order_by(_totals.c.hits.desc())).all()
        urls: dict[str, int] = dict(rows)
        malformed = urls.pop(MALFORMED, 0)
        return Counts(urls, malformed)

    @property
    def _place(self) -> str:
        """The URL, as one may print it."""
        return re.sub(r"(://[^:/@]*:)[^@/]*@", r"\1***@", self.url)

    def _jdbc(self) -> dict[str, str]:
        url = make_url(self.url)
        if url.get_backend_name() == "sqlite":  # takes one writer at a time
            driver, address = "org.sqlite.JDBC", f"jdbc:sqlite:{url.database}"
            return {"driver": driver, "url": address, "numPartitions": "1"}
        options = configparser.ConfigParser()
        options.read(str(url.query.get("read_default_file", "")))
        known = options["client"] if options.has_section("client") else {}
        return {
            "driver": "org.mariadb.jdbc.Driver",
            # Spark knows how to write to MySQL by this prefix only.
            "url": f"jdbc:mysql://{url.host}:{url.port or 3306}/{url.database}?permitMysqlScheme",
            "user": url.username or known.get("user", ""),
            "password": str(url.password or known.get("password", "")),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + _AWAY_SECONDS_MAX
        with _waits_for_all:
            said = False
            while True:
                try:
                    self.create()
                    break
                except LabError:
                    if time.monotonic() > deadline:
                        raise
                if not said:
                    print(f"result store {self._place} is away; waiting for it", flush=True)
                said = True
                time.sleep(_POLL_SECONDS)
            if said:
                print(f"result store {self._place} is back", flush=True)

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
                f"result store {self._place}: {cause}; set RESULTS_URL to a database that is there"
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


def _says_that_it_is_away(error: Exception) -> bool:
    """By SQLAlchemy, or by JDBC in one of Spark's tasks."""
    cause = error.__cause__
    if isinstance(error, LabError) and isinstance(cause, DBAPIError):
        return cause.connection_invalidated or _code(cause) in _AWAY
    return "java.sql" in str(error) and "ConnectionException" in str(error)


def _code(error: DBAPIError) -> object:
    return error.orig.args[0] if error.orig and error.orig.args else None


def _let_readers_in(connection, _record) -> None:  # type: ignore[no-untyped-def]  # DBAPI's
    # Refused at once where another program is at it, which does it for all.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")


def _chunks(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, size)):
        yield chunk


if __name__ == "__main__":
    print(json.dumps(asdict(ResultStore(os.environ["RESULTS_URL"]).counts())))
