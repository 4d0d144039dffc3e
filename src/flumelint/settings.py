"""`[tool.flumelint]` in pyproject.toml, or the table of `.flumelint.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flumelint.errors import BadUse
from flumelint.findings import Severity
from flumelint.names import nearest
from flumelint.rules import all_rules

OWN_FILE = ".flumelint.toml"
SHARED_FILE = "pyproject.toml"


@dataclass(frozen=True)
class Settings:
    """What a project wants.

    :param ignore: rules that are off
    :param only: if there are any, the only rules that run
    :param fail_on: the mildest severity that makes a run fail
    :param exclude: files and folders that are left out, as patterns of `Path.match`
    :param severity: another severity for a rule
    :param per_file_ignore: rules that are off in files that match a pattern
    :param agent: the agent that is started (``flume-ng agent --name``)
    """

    ignore: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    fail_on: Severity = Severity.STYLE
    exclude: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    per_file_ignore: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    agent: str | None = None


def find(start: Path) -> Path | None:
    """Return the nearest file with settings, in this folder or one above it."""
    for folder in (start, *start.parents):
        if (own := folder / OWN_FILE).is_file():
            return own
        shared = folder / SHARED_FILE
        if shared.is_file() and "flumelint" in _toml(shared).get("tool", {}):
            return shared
    return None


def load(file: Path | None) -> Settings:
    """Read settings; the defaults without a file. Raises `BadUse` for a wrong one."""
    if not file:
        return Settings()
    table = _toml(file)
    if file.name == SHARED_FILE:
        table = table.get("tool", {}).get("flumelint", {})
    return _Reader(file).read(table)


def severity_named(text: str, place: str) -> Severity:
    """Return the severity of this name."""
    for each in Severity:
        if each.value == text:
            return each
    raise BadUse(f"{place}: no severity {text}; write {', '.join(s.value for s in Severity)}")


def rules_named(names: tuple[str, ...], place: str) -> tuple[str, ...]:
    """Return the names, if each is that of a rule."""
    for name in names:
        if name not in all_rules():
            near = nearest(name, all_rules())
            hint = f"did you mean {near}?" if near else "flumelint explain lists all rules"
            raise BadUse(f"{place}: there is no rule {name}; {hint}")
    return names


class _Reader:
    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self, table: Mapping[str, Any]) -> Settings:
        known = {name.replace("_", "-"): name for name in Settings.__dataclass_fields__}
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                near = nearest(key, known)
                hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
                raise BadUse(f"{self._file}: there is no setting {key}; {hint}")
            values[known[key]] = self._value(key, value)
        return Settings(**values)

    def _value(self, key: str, value: Any) -> Any:
        place = f"{self._file}, {key}"
        if key in ("ignore", "only"):
            return rules_named(self._texts(value, place), place)
        if key == "exclude":
            return self._texts(value, place)
        if key == "fail-on":
            return severity_named(self._text(value, place), place)
        if key == "agent":
            return self._text(value, place)
        if not isinstance(value, dict):
            raise BadUse(f"{place}: is no table; write [{key}] and lines below it")
        if key == "severity":
            rules_named(tuple(value), place)
            return {k: severity_named(self._text(v, place), place) for k, v in value.items()}
        return {k: rules_named(self._texts(v, place), place) for k, v in value.items()}

    def _text(self, value: Any, place: str) -> str:
        if not isinstance(value, str):
            raise BadUse(f"{place}: {value!r} is no text; put it in quotes")
        return value

    def _texts(self, value: Any, place: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise BadUse(f'{place}: {value!r} is no list of texts; write ["…", "…"]')
        return tuple(value)


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise BadUse(f"cannot read {file}: {reason}; name a file with settings") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadUse(f"cannot read {file}: {error}; mend it or remove it") from None
