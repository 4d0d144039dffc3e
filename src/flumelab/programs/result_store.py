"""The result store: a value for each key that the lab's programs found, in a database.

``python -m flumelab.programs.result_store`` prints the contents of the store `RESULTS_URL` as JSON.

One transaction stores a batch together with its name, so a batch that Spark runs again after a
failure changes nothing.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice

from sqlalchemy import (
    VARCHAR,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from flumelab.counts import MALFORMED, Counts
from flumelab.programs.database import opened

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
totals = Table(
    "totals",
    _tables,
    Column("key", _KEY, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
staged = Table(  # see flumelab.programs.staging
    "staged",
    _tables,
    Column("attempt", _NAME, primary_key=True),
    Column("key", _KEY, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

_KEYS_PER_QUERY = 500  # databases limit a statement's parameters; SQLite's old limit is 999


@dataclass(frozen=True)
class ResultStore:
    """The totals by key, and the names of the batches in them.

    In each call `batch` is the batch's name: its time in a DStream, its number in a query. The name
    is the same when Spark runs the batch again, and no other batch has it. `rows` are ``(key,
    value)``, each key once; `MALFORMED` is the key of malformed lines.

    :param url: SQLAlchemy's, for example ``sqlite:///results.db``. Each call opens the database, so
        a store can be pickled into a checkpoint.
    """

    url: str

    def create(self) -> None:
        """Create the tables that are missing; raises `LabError` if there is no database."""
        with opened(self.url) as engine, engine.begin() as connection:
            for table in _tables.sorted_tables:  # another program may be about to do the same
                connection.execute(CreateTable(table, if_not_exists=True))

    def add(self, batch: object, rows: Iterable[tuple[str, int]]) -> None:
        """Add a batch's values to the totals; change nothing if the batch was stored before."""
        values = dict(rows)
        with self.once(batch, sum(values.values())) as connection:
            if connection:
                _upsert(connection, values, totals.c.value + bindparam("new"))

    def put(self, batch: object, rows: Iterable[tuple[str, int]]) -> None:
        """Set these keys to a batch's values; change nothing if the batch was stored before."""
        values = dict(rows)
        with self.once(batch, sum(values.values())) as connection:
            if connection:
                _upsert(connection, values, bindparam("new"))

    def replace_all(self, batch: object, rows: Iterable[tuple[str, int]]) -> None:
        """Keep these keys and no others; change nothing if the batch was stored before."""
        values = dict(rows)
        with self.once(batch, sum(values.values())) as connection:
            if connection:
                connection.execute(delete(totals))
                _upsert(connection, values, bindparam("new"))

    def counts(self) -> Counts:
        """Return the totals, the largest first."""
        with opened(self.url) as engine:
            there = inspect(engine).has_table(totals.name)
        if not there:  # the program may be about to create it, too
            self.create()
        with opened(self.url) as engine, engine.connect() as connection:
            rows = connection.execute(select(totals).order_by(totals.c.value.desc())).all()
        found: dict[str, int] = dict(rows)
        malformed = found.pop(MALFORMED, 0)
        return Counts(found, malformed)

    @contextmanager
    def once(self, batch: object, lines: int) -> Iterator[Connection | None]:
        """Open a transaction that also stores the batch's name; None if that is stored already."""
        with opened(self.url) as engine, engine.begin() as connection:
            try:
                connection.execute(insert(_batches).values(batch=str(batch), lines=lines))
            except IntegrityError:
                yield None
                return
            yield connection


def _upsert(connection: Connection, values: Mapping[str, int], new: ColumnElement[int]) -> None:
    """Insert the missing keys and set the others to `new`, an expression with the new value."""
    known = {
        key
        for keys in _chunks(values, _KEYS_PER_QUERY)
        for key in connection.scalars(select(totals.c.key).where(totals.c.key.in_(keys)))
    }
    if known:
        connection.execute(
            update(totals).where(totals.c.key == bindparam("known")).values(value=new),
            [{"known": key, "new": values[key]} for key in known],
        )
    if missing := values.keys() - known:
        connection.execute(insert(totals), [{"key": key, "value": values[key]} for key in missing])


def _chunks(keys: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, size)):
        yield chunk


if __name__ == "__main__":
    print(json.dumps(asdict(ResultStore(os.environ["RESULTS_URL"]).counts())))
