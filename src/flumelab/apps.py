"""The programs of the lab, each with the Flume configuration that feeds it."""

from dataclasses import dataclass

from flumelab.errors import LabError


@dataclass(frozen=True)
class App:
    """A lesson: `program` in spark-apps/, `conf` in flume-conf/."""

    name: str
    program: str
    conf: str


APPS = {app.name: app for app in [App("url-counts", "url_counts.py", "access-log.conf")]}
DEFAULT = "url-counts"


def find(name: str) -> App:
    """The app of that name; raises `LabError` with the names there are."""
    try:
        return APPS[name]
    except KeyError:
        raise LabError(f"no app named {name}; there is {', '.join(APPS)}") from None
