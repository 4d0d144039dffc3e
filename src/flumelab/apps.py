"""The programs of the lab, each with the Flume configuration that feeds it."""

from dataclasses import dataclass

from flumelab.errors import LabError


@dataclass(frozen=True)
class App:
    """A lesson: `program` in spark-apps/, `conf` in flume-conf/.

    `lands`: a receiver of its own takes in what Flume sends, and the program reads its landing log.
    `pulls`: the program fetches from Flume. Otherwise Flume sends to the program.
    """

    name: str
    program: str
    conf: str
    lands: bool = False
    pulls: bool = False

    @property
    def listens(self) -> bool:
        """Whether Flume sends to the program itself."""
        return not (self.lands or self.pulls)


APPS = {
    app.name: app
    for app in [
        App("url-counts", "url_counts.py", "access-log.conf"),
        App("pull", "url_counts_pull.py", "pull.conf", pulls=True),
        App("structured", "url_counts_structured.py", "exactly-once.conf", lands=True),
    ]
}
DEFAULT = "url-counts"


def find(name: str) -> App:
    """The app of that name; raises `LabError` with the names there are."""
    try:
        return APPS[name]
    except KeyError:
        raise LabError(f"no app named {name}; there is {', '.join(APPS)}") from None
