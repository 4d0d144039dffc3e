"""Further wrong examples, for rules whose text tells of several cases."""

from __future__ import annotations

from flumelint.rules.rule import BASE, changed

MORE: dict[str, list[str]] = {
    "listed-but-not-configured": [
        changed(BASE, ("a1.sources = r1", "a1.sources = rr1")),
        changed(BASE, ("a1.channels = c1", "a1.channels = cc1")),
    ],
    "agent-without-channels": [
        changed(BASE, ("a1.sources = r1\n", ""), ("a1.sinks = k1\n", "")),
    ],
    "not-connected": [
        changed(BASE, ("a1.sources.r1.channels = c1\n", "")),
    ],
}
