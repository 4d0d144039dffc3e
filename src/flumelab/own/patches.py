"""How a call of PySpark is changed, and how the lab tells it."""

import functools
import sys
from collections.abc import Callable
from typing import Any

told: list[str] = []
"""The sentences on what was replaced."""


def tell(sentence: str) -> None:
    """Print a sentence, once."""
    if sentence not in told:
        told.append(sentence)
        print(f"flumelab: {sentence}", file=sys.stderr, flush=True)


def around(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method by ``wrapper(call, *args, **kwargs)``."""
    static = isinstance(vars(owner).get(name), (staticmethod, classmethod))
    call = getattr(owner, name)

    @functools.wraps(call)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return wrapper(call, *args, **kwargs)

    setattr(owner, name, staticmethod(replaced) if static else replaced)
