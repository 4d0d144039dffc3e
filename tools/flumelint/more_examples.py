"""Further wrong examples, for rules whose text tells of several cases."""

from __future__ import annotations

from flumelint.rules.rule import BASE, changed

MORE: dict[str, list[str]] = {
    "listed-but-not-configured": [
        changed(BASE, ("a1.sources = r1", "a1.sources = r1 r2")),
        changed(BASE, ("a1.channels = c1", "a1.channels = c1 c2")),
    ],
    "not-connected": [
        changed(BASE, ("a1.sources.r1.channels = c1\n", "")),
    ],
}
