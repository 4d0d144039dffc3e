"""The options of ``format("flume")``; with `port` or `agents` it has those of `ingestion`, too.

``python -m pyspark_flume.options.source`` prints all options, also those of the receiver and the
poller, as the table for the documentation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pyspark_flume.errors import OptionInvalid
from pyspark_flume.options.declaration import Option, option, options_of, read_options
from pyspark_flume.options.ingestion import LandingSettings, PollerSettings, ReceiverSettings
from pyspark_flume.options.value_types import CONSUMER, EARLIEST, START, one_of, whole


@dataclass(frozen=True)
class SourceOptions(LandingSettings):
    """The options of ``format("flume")``.

    :param ingestion: the receiver or poller of this query's driver; None if another process runs it
    :param consumer: None if the query's commits are not kept and hold no segment back
    """

    ingestion: ReceiverSettings | PollerSettings | None = None
    consumer: str | None = option(
        "consumer",
        CONSUMER,
        default_note="`query` with `port` or `agents`, else none",
        help="name under which the query's progress is kept in the log",
    )
    headers: bool = option(
        "headers",
        one_of({"true": True, "false": False}),
        "true",
        help="whether there is a column `headers`",
    )
    starting: str | int = option(
        "startingOffset",
        START,
        EARLIEST,
        help="where a query without a checkpoint begins; a time means the time of arrival, in "
        "ISO 8601, in UTC if it names no zone",
    )
    rows_max: int | None = option(
        "maxRowsPerTrigger",
        whole("rows", 1, 2**62),
        help="size of the largest micro-batch; from Spark 4.2 on",
    )
    bytes_max: int | None = option(
        "maxBytesPerTrigger",
        whole("bytes", 1, 2**62),
        help="size of the largest micro-batch, which has at least one Flume batch; "
        "not with `maxRowsPerTrigger`; from Spark 4.2 on",
    )
    partitions_min: int = option(
        "minPartitions",
        whole("tasks", 1, 100_000),
        "1",
        help="smallest number of tasks of a micro-batch; there is one for each 150,000 rows",
    )

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Self:
        """Return the options in `given`, whose names may be in upper or lower case.

        Raises `OptionInvalid`, which names the option.
        """
        texts = {name.lower(): text for name, text in given.items()}
        known = {each.key: each.name for each, _ in all_options()}
        for name in texts:
            if name not in known:
                names = ", ".join(known.values())
                raise OptionInvalid(f"unknown option {name}; the options are {names}")
        if not texts.get("landing"):
            raise OptionInvalid("option landing is missing; give the folder of the landing log")
        if "://" in texts["landing"]:
            raise OptionInvalid(
                f"option landing is {texts['landing']}; give a folder of a file system that the "
                "driver and all executors have mounted"
            )
        if "maxrowspertrigger" in texts and "maxbytespertrigger" in texts:
            raise OptionInvalid("maxRowsPerTrigger and maxBytesPerTrigger; give one of them")
        ingestion = _ingestion(texts)
        if ingestion:
            texts.setdefault("consumer", "query")
        return cls(ingestion=ingestion, **read_options(cls, texts))


# The options by which a query takes events in itself, and the settings that each one needs.
INGESTIONS: dict[str, type[ReceiverSettings | PollerSettings]] = {
    "port": ReceiverSettings,
    "agents": PollerSettings,
}
# The parts that have options, by their names in the documentation.
PARTS: dict[str, type[LandingSettings]] = {
    "receiver": ReceiverSettings,
    "poller": PollerSettings,
    "source": SourceOptions,
}


def all_options() -> list[tuple[Option, Sequence[str]]]:
    """Return each option with its parts, "receiver", "poller" or "source", required ones first."""
    parts: dict[Option, list[str]] = {}
    for part, settings in PARTS.items():
        for each in options_of(settings):
            parts.setdefault(each, []).append(part)
    return sorted(parts.items(), key=lambda entry: not entry[0].required)


def markdown_table() -> str:
    """Return the options as the Markdown table of the documentation."""
    rows = ["| option | value | default | for | meaning |", "|---|---|---|---|---|"]
    for each, parts in all_options():
        default = each.default_note or (f"`{each.default}`" if each.default is not None else "none")
        if each.required:
            default = "required" if len(parts) == len(PARTS) else "required by the command"
        unit = each.type.unit.replace("|", r"\|")
        owners = "all" if len(parts) == len(PARTS) else ", ".join(parts)
        rows.append(f"| `{each.name}` | {unit} | {default} | {owners} | {each.help} |")
    return "\n".join(rows)


def _ingestion(texts: Mapping[str, str]) -> ReceiverSettings | PollerSettings | None:
    """Return the settings of a query that listens or polls; None if it does neither."""
    owners = {"port": "the receiver's", "agents": "the poller's"}
    unfit = {
        "port": "a sink's own batch-size counts",
        "agents": "nothing listens here, and a SparkSink has neither TLS nor compression",
    }
    chosen = [name for name in INGESTIONS if name in texts]
    if len(chosen) > 1:
        raise OptionInvalid(
            "port and agents: port waits for avro sinks, agents fetches from SparkSinks; "
            "give one of them"
        )
    for each, _ in all_options():
        fitting = [name for name, settings in INGESTIONS.items() if each in options_of(settings)]
        if each.key == "landing" or each.key not in texts or not fitting:
            continue
        if set(chosen) & set(fitting):
            continue
        if chosen:
            raise OptionInvalid(
                f"option {each.name} does not go with {chosen[0]}: {unfit[chosen[0]]}; leave it out"
            )
        raise OptionInvalid(
            f"option {each.name} is {' or '.join(owners[name] for name in fitting)}; "
            f"give {' or '.join(fitting)}, too, or set it there"
        )
    return INGESTIONS[chosen[0]].parse(texts) if chosen else None


if __name__ == "__main__":
    print(markdown_table())
