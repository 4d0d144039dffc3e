"""Rows that Spark's tasks write to the result store by JDBC, taken over in one transaction.

The tasks write to a separate table, each row with the name of this attempt at the batch. A killed
attempt leaves rows there that no transaction takes over; the next attempt removes them.
"""

import configparser
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame
from pyspark.sql.functions import lit
from sqlalchemy import delete, insert, make_url, select

from flumelab.programs.database import opened
from flumelab.programs.result_store import ResultStore, staged, totals

Options = dict[str, str]
"""For ``write.format("jdbc").options(…)``."""


@contextmanager
def staged_rows(
    store: ResultStore, rows: DataFrame, batch: object
) -> Iterator[tuple[DataFrame, Options]]:
    """Yield the rows to write in the block, and the options; see `flumelab.programs.lab.staged`."""
    with staged_attempt(store, batch) as (attempt, options):
        marked = rows.withColumn("attempt", lit(attempt)).cache()
        yield marked, options
        marked.unpersist()


@contextmanager
def staged_attempt(store: ResultStore, batch: object) -> Iterator[tuple[str, Options]]:
    """Set keys to the rows that the block writes; change nothing if the batch was stored before.

    Yields the attempt's name and the options. A row has `attempt`, `key` and `value`.
    """
    attempt = f"{batch} {uuid.uuid4()}"
    yield attempt, {**_jdbc_options(store.url), "dbtable": staged.name}
    mine = staged.c.attempt == attempt
    with store.once(batch, 0) as connection:
        if connection:
            keys = select(staged.c.key).where(mine)
            connection.execute(delete(totals).where(totals.c.key.in_(keys)))
            rows = select(staged.c.key, staged.c.value).where(mine)
            connection.execute(insert(totals).from_select(["key", "value"], rows))
    with opened(store.url) as engine, engine.begin() as connection:
        of_this_batch = staged.c.attempt.startswith(f"{batch} ")  # includes killed attempts
        connection.execute(delete(staged).where(of_this_batch))


def _jdbc_options(address: str) -> Options:
    url = make_url(address)
    if url.get_backend_name() == "sqlite":  # it allows one writer at a time
        driver, place = "org.sqlite.JDBC", f"jdbc:sqlite:{url.database}"
        return {"driver": driver, "url": place, "numPartitions": "1"}
    options = configparser.ConfigParser()
    options.read(str(url.query.get("read_default_file", "")))
    known = options["client"] if options.has_section("client") else {}
    return {
        "driver": "org.mariadb.jdbc.Driver",
        # Spark writes MySQL's dialect only for this prefix.
        "url": f"jdbc:mysql://{url.host}:{url.port or 3306}/{url.database}?permitMysqlScheme",
        "user": url.username or known.get("user", ""),
        "password": str(url.password or known.get("password", "")),
    }
