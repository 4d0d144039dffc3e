"""A module as another system would import it."""

import importlib.util
import sys
from types import ModuleType

import pytest


def imported_on(platform: str, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a second copy of a module, for which `sys.platform` is another one."""
    assert module.__file__
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_{platform}", module.__file__)
    assert spec and spec.loader
    copy = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", platform)
        spec.loader.exec_module(copy)
    return copy
