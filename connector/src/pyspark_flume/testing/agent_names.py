"""The names of the agents in a conf."""

import re


def agents_of(conf: str) -> list[str]:
    """Return the names that have sources, as in ``agent.sources = …``, sorted.

    :param conf: the text of a conf file
    """
    return sorted(set(re.findall(r"^\s*([^#!\s.=]+)\.sources\s*[=:]", conf, re.MULTILINE)))
