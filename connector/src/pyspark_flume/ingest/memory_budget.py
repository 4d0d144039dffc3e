"""The memory that all connections of a receiver share."""

from bisect import insort
from typing import Protocol

from pyspark_flume.units import MIB

MEMORY_BYTES_MAX = 256 * MIB  # arriving frames and batches not yet stored, of all connections
SMALL_BYTES_MAX = MIB  # most batches are smaller
SMALL_RESERVE_BYTES = 64 * MIB  # kept from large frames, so that slow ones do not delay small ones


class MemoryUser(Protocol):
    """A connection, as the budget sees it."""

    def grant(self, size: int) -> None:
        """Accept `size` bytes that `MemoryBudget.take` did not have."""


class MemoryBudget:
    """Bytes that all connections may hold together.

    A connection that gets none waits; the smallest request is served first. The size of a frame is
    not known until its last buffer has begun, so waiting connections may hold the memory that the
    others need. Therefore one of them at a time, the favoured one, gets whatever it needs.

    :param size: bytes, without those of the favoured connection's frame
    :param frame_bytes_max: bytes of the largest frame
    """

    def __init__(self, size: int, frame_bytes_max: int) -> None:
        self._free = size + frame_bytes_max
        self._reserve = SMALL_RESERVE_BYTES + frame_bytes_max  # not for large frames
        self._favoured: MemoryUser | None = None
        # Total bytes, the bytes of them still to take, and the connection; the smallest first.
        self._waiting: list[tuple[int, int, MemoryUser]] = []

    def is_exceeded_for(self, user: MemoryUser) -> bool:
        """Whether more memory is held than the budget allows, and `user` is not the favoured one.

        Frames that arrive in one read are counted only afterwards.
        """
        return self._free < 0 and user is not self._favoured

    def take(self, held: int, wanted: int, user: MemoryUser) -> bool:
        """Take the bytes by which `wanted` is more than `held`.

        Return False if there are too few; then `user` waits until `MemoryUser.grant` is called.
        """
        if self._has(wanted - held, wanted) or self._favours(user):
            self._free -= wanted - held
            return True
        insort(self._waiting, (wanted, wanted - held, user), key=lambda entry: entry[0])
        return False

    def add(self, size: int) -> None:
        """Count bytes that are already held."""
        self._free -= size

    def give_back(self, size: int) -> None:
        """Return bytes, and serve waiting connections as long as there are enough."""
        self._free += size
        while self._waiting:
            wanted, missing, user = self._waiting[0]
            if not (self._has(missing, wanted) or self._favours(user)):
                return
            del self._waiting[0]
            self._free -= missing
            user.grant(missing)

    def end_frame(self, user: MemoryUser) -> None:
        """Note that a frame is complete; the next `give_back` may favour another connection."""
        if self._favoured is user:
            self._favoured = None

    def leave(self, user: MemoryUser) -> None:
        """Forget a connection that is lost; what it holds must still be given back."""
        self._waiting = [entry for entry in self._waiting if entry[2] is not user]
        self.end_frame(user)

    def _has(self, missing: int, wanted: int) -> bool:
        return missing <= self._free - (self._reserve if wanted > SMALL_BYTES_MAX else 0)

    def _favours(self, user: MemoryUser) -> bool:
        if not self._favoured and self._free >= 0:
            self._favoured = user
        return user is self._favoured
