"""Declares each option once, as a field of a class of settings.

Parsing, ``--help`` and the table of the documentation come from the declaration.
"""

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pyspark_flume.options.value_types import OptionType


@dataclass(frozen=True)
class Option:
    """One option of the source, the receiver or the poller.

    :param name: as in ``.option(name, …)``; any case is accepted
    :param help: what it is for; `backticks` mark literal text
    :param default: the text that stands for the default value; None if there is no default
    :param default_note: what the docs show instead of `default`
    :param required: whether a command needs it to start
    """

    name: str
    type: OptionType
    help: str
    default: str | None = None
    default_note: str | None = None
    required: bool = False

    @property
    def key(self) -> str:
        """The name under which the texts of options are looked up: lower case."""
        return self.name.lower()

    @property
    def flag(self) -> str:
        """The name as an argument of a command, in kebab case: ``--tls-client-ca``."""
        return "--" + re.sub("([A-Z])", r"-\1", self.name).lower()

    def read(self, texts: Mapping[str, str]) -> Any:
        """Return the value of this option in `texts` (by `key`), or its default.

        Raises `OptionInvalid`.
        """
        text = texts.get(self.key, self.default)
        return None if text is None else self.type.read(self.name, text)


def option(
    name: str,
    type: OptionType,
    default: str | None = None,
    *,
    help: str,
    default_note: str | None = None,
    required: bool = False,
) -> Any:
    """Declare a field of a settings class as an option; see `Option` for the parameters."""
    declared = Option(name, type, help, default, default_note, required)
    if required:
        return field(metadata={Option: declared})
    return field(default=declared.read({}), metadata={Option: declared})


def options_of(settings: type) -> list[Option]:
    """Return the options that a class of settings declares; the required ones come first."""
    return sorted(_by_field(settings).values(), key=lambda each: not each.required)


def read_options(settings: type, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a class's options by the names of its fields.

    :param texts: by the options' names in lower case
    :raises OptionInvalid: with the option's name
    """
    return {name: each.read(texts) for name, each in _by_field(settings).items()}


def add_arguments(parser: argparse.ArgumentParser, settings: type) -> None:
    """Add each option of a class of settings as an argument; its key is the argument's `dest`."""
    for each in options_of(settings):
        default = f" [{each.default}]" if each.default is not None else ""
        parser.add_argument(
            each.flag,
            dest=each.key,
            metavar=each.type.metavar,
            required=each.required,
            help=each.help.replace("`", "") + default,
        )


def _by_field(settings: type) -> dict[str, Option]:
    return {
        each.name: each.metadata[Option] for each in fields(settings) if Option in each.metadata
    }
