"""`${env:NAME}` in values, as Flume 1.11 replaces it (commons-text's StringSubstitutor)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$\{(?:(?P<kind>env|sys|java|date):)?(?P<name>[^}:]*)(?P<rest>[^}]*)\}")


@dataclass(frozen=True)
class Interpolated:
    """A value after replacement.

    :param text: the value; what is not known stays as it is written
    :param unset: the environment variables that are not set and have no default
    :param known: whether the whole value is known
    """

    text: str
    unset: tuple[str, ...] = ()
    known: bool = True


def interpolate(value: str, environ: Mapping[str, str]) -> Interpolated:
    """Replace environment variables by their values or defaults.

    System properties, dates and config filters are known only to the JVM that runs the agent.
    """
    if "${" not in value:
        return Interpolated(value)
    unset: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        name, default = found["name"], found["rest"]
        if found["kind"] == "env" and name in environ:
            return environ[name]
        if default.startswith(":-"):
            return default[2:]
        if found["kind"] == "env":
            unset.append(name)
        return found[0]

    text = _VARIABLE.sub(replaced, value)
    return Interpolated(text, tuple(unset), "${" not in text)
