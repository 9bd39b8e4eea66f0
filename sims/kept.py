"""The last values of something that is dear to make, by key, as many as fit in the memory they are given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """What tells how many bytes it holds; that may change."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


Value = TypeVar("Value", bound=Sized)


class Kept(OrderedDict[Hashable, Value], Generic[Value]):
    """A dictionary of values of at most `limit` bytes in all; the one used longest ago leaves first.

    The value that was set or asked for last stays, however large it is; `trim` counts what has grown since.
    """

    def __init__(self, limit: int):
        super().__init__()
        self.limit = limit

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return sum(value.nbytes for value in list(self.values()))  # a list, as another thread may change the values

    def get(self, key: Hashable) -> Value | None:  # type: ignore[override]
        """The value, now the most recent; or None."""
        if key in self:
            self.move_to_end(key)
        return super().get(key)

    def __setitem__(self, key: Hashable, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        self.trim()

    def trim(self) -> None:
        """Let go of the values used longest ago while all together hold more than the limit."""
        while len(self) > 1 and self.nbytes > self.limit:
            self.popitem(last=False)
