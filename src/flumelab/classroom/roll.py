"""The learners of a class, and where each of them works.

    .lab/class/  class.json  bin/  turns/  page/  learner-01/ …

A learner's folder is a checkout: what learners change is copied, and the rest is linked to the
teacher's. So every command of the lab works there, with state of its own in .lab.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from flumelab import settings
from flumelab.errors import LabError
from flumelab.settings import Settings

FILE = "class.json"
LEARNERS_MAX = 200
PORTS_EACH = 20  # more than the lab has, so that later ports need no other numbers
PORT_FIRST = 20_000  # Linux uses 32768 and above for outgoing connections
PORT_MAX = 32_767


@dataclass(frozen=True)
class Learner:
    """One learner's place.

    :param number: from 1
    :param folder: the checkout in which the learner works
    :param account: the user of the system who owns it; empty if all are the teacher's
    """

    number: int
    folder: Path
    account: str = ""

    @property
    def learn(self) -> Path:
        """The folder with the progress and the warm JVM's record."""
        return self.folder / ".lab" / "learn"


@dataclass(frozen=True)
class Roll:
    """A class as class.json has it.

    :param preset: the preset of each learner's lab, or empty
    :param checks: how many checks may run at once
    """

    folder: Path
    learners: int
    first_port: int
    preset: str
    checks: int
    accounts: bool = False

    def learner(self, number: int) -> Learner:
        """The learner of a number, from 1."""
        name = f"learner-{number:02}"
        return Learner(number, self.folder / name, name if self.accounts else "")

    def all(self) -> list[Learner]:
        """All learners in their order."""
        return [self.learner(number) for number in range(1, self.learners + 1)]

    def ports(self, learner: Learner) -> dict[str, int]:
        """The learner's ports, by variable."""
        first = self.first_port + (learner.number - 1) * PORTS_EACH
        variables = [port.variable for port in settings.PORTS.values()]
        return {variable: first + place for place, variable in enumerate(variables)}

    def variables(self, learner: Learner) -> dict[str, str]:
        """What tells a learner's `flumelab` where it is."""
        return {
            "LAB_CHECKOUT": str(learner.folder),
            "LAB_STATE": str(learner.folder / ".lab"),
            "LAB_PRESET": self.preset,
            "LAB_TURNS": str(self.folder / "turns"),
            "COMPOSE_PROJECT_NAME": f"flumelab-{learner.folder.name}",
            **{variable: str(number) for variable, number in self.ports(learner).items()},
        }


def folder_of(configured: Settings) -> Path:
    """Where a checkout has its class."""
    return configured.state / "class"


def new(
    folder: Path, learners: int, first_port: int, preset: str, checks: int, accounts: bool
) -> Roll:
    """Return a class; raises `LabError` if its ports do not fit."""
    last = first_port + learners * PORTS_EACH - 1
    if last > PORT_MAX:
        raise LabError(
            f"{learners} learners need the ports {first_port} to {last}, and the last that Linux "
            f"leaves to servers is {PORT_MAX}; choose a lower --first-port"
        )
    return Roll(folder, learners, first_port, preset, checks, accounts)


def read(folder: Path) -> Roll | None:
    """Return the class of a folder; None if there is none."""
    file = folder / FILE
    try:
        known = json.loads(file.read_text("utf-8"))
        return Roll(folder, **known)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise LabError(f"{file} is damaged ({error}); remove it, then classroom up") from None


def write(roll: Roll) -> None:
    """Write class.json at once."""
    roll.folder.mkdir(parents=True, exist_ok=True)
    known = {name: value for name, value in asdict(roll).items() if name != "folder"}
    new_file = roll.folder / f"{FILE}.new"
    new_file.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
    new_file.replace(roll.folder / FILE)
