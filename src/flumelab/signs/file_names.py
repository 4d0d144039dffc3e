"""What the name of a file in a spool folder says."""

import re

from flumelab.signs.agent import Component

COMPRESSED = re.compile(r".*[.](gz|bz2|xz|zst|zip)")
TEMPORARY = re.compile(r".*[.](tmp|part|swp)|.*~")


def is_ignored(source: Component, name: str) -> bool:
    """Whether a spooldir source's own patterns exclude a name.

    False for a pattern that only Java can read.
    """
    try:
        included = re.fullmatch(source.settings.get("includePattern", ".*"), name)
        return not included or bool(re.fullmatch(source.settings.get("ignorePattern", "^$"), name))
    except re.error:
        return False
