"""The rules. Each module of this folder holds some; every one is found by itself."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from flumelint.rules.rule import REGISTERED, Rule


@cache
def all_rules() -> dict[str, Rule]:
    """Return every rule by its name, the worst severity first, then by name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    found = sorted(REGISTERED.values(), key=lambda rule: (rule.severity.rank, rule.name))
    return {rule.name: rule for rule in found}
