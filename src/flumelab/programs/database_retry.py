"""Waits for an unreachable result store, such as a database that restarts."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ParamSpec

import stamina

from flumelab.errors import LabError
from flumelab.programs.database import is_away, shown
from flumelab.programs.result_store import ResultStore

P = ParamSpec("P")

_AWAY_SECONDS_MAX = 600
_POLL_SECONDS = 0.5
_one_waits_for_all = threading.Lock()  # so that only one query reports it

# By default stamina logs each retry; here two lines report the whole wait.
stamina.instrumentation.set_on_retry_hooks([])


@dataclass(frozen=True)
class PatientStore(ResultStore):
    """A result store that waits for an unreachable database, except in `create` and `counts`."""

    def add(self, batch: object, rows: Iterable[tuple[str, int]]) -> None:
        """As in `ResultStore`."""
        patient(self, super().add)(batch, list(rows))

    def put(self, batch: object, rows: Iterable[tuple[str, int]]) -> None:
        """As in `ResultStore`."""
        patient(self, super().put)(batch, list(rows))

    def replace_all(self, batch: object, rows: Iterable[tuple[str, int]]) -> None:
        """As in `ResultStore`."""
        patient(self, super().replace_all)(batch, list(rows))


def patient(store: ResultStore, function: Callable[P, None]) -> Callable[P, None]:
    """Return a function that runs `function` again whenever an unreachable store is back.

    It waits for the store up to ten minutes, and reports that in one line. A batch that was stored
    just before the store was lost is not stored twice, because it has the same name again.
    """

    def run_patiently(*args: P.args, **kwargs: P.kwargs) -> None:
        while True:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                if not is_away(error):
                    raise
                _wait_for(store)

    return run_patiently


def _wait_for(store: ResultStore) -> None:
    """Return when the store answers; raises `LabError` if it does not within ten minutes."""
    with _one_waits_for_all:
        for attempt in stamina.retry_context(
            on=LabError,
            attempts=None,
            timeout=_AWAY_SECONDS_MAX,
            wait_initial=_POLL_SECONDS,
            wait_max=_POLL_SECONDS,
            wait_jitter=0,
        ):
            if attempt.num == 2:
                print(f"result store {shown(store.url)} is unreachable; waiting for it", flush=True)
            with attempt:
                store.create()
        if attempt.num > 1:
            print(f"result store {shown(store.url)} is back", flush=True)
