"""Opens any database that SQLAlchemy supports, and explains its errors."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from flumelab.errors import LabError

# MySQL's codes: no server at the socket or the port, server gone, lost in a query, shutting down.
_AWAY = {2002, 2003, 2006, 2013, 1053}


# While Java still knows the address of a host that is gone, nobody refuses the connection.
_NO_ANSWER = "java.sql.SQLTimeoutException: Socket timeout when connecting"


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Open a database for one call; raises `LabError` with place and remedy if anything fails.

    :param url: SQLAlchemy's, for example ``sqlite:///results.db``
    """
    try:
        engine = create_engine(url, poolclass=NullPool)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _let_readers_in)
        yield engine
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise LabError(
            f"result store {shown(url)}: {cause}; set RESULTS_URL to an existing database"
        ) from error


def shown(url: str) -> str:
    """Return the URL without its password, so that it may be printed."""
    return re.sub(r"(://[^:/@]*:)[^@/]*@", r"\1***@", url)


def is_away(error: Exception) -> bool:
    """Whether the database cannot be reached, by SQLAlchemy or by JDBC in one of Spark's tasks."""
    cause = error.__cause__
    if isinstance(error, LabError) and isinstance(cause, DBAPIError):
        return cause.connection_invalidated or _code(cause) in _AWAY
    told = str(error)
    return _NO_ANSWER in told or ("java.sql" in told and "ConnectionException" in told)


def _code(error: DBAPIError) -> object:
    return error.orig.args[0] if error.orig and error.orig.args else None


def _let_readers_in(connection, _record) -> None:  # type: ignore[no-untyped-def]  # DBAPI's
    # SQLite refuses this at once if another program has the file open, which has then done it.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")
