"""The last few values of something that is dear to make, by key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(OrderedDict[Hashable, Value], Generic[Value]):
    """A dictionary of at most `limit` values; the one used longest ago leaves first."""

    def __init__(self, limit: int):
        super().__init__()
        self.limit = limit

    def get(self, key: Hashable) -> Value | None:  # type: ignore[override]
        """The value, now the most recent; or None."""
        if key in self:
            self.move_to_end(key)
        return super().get(key)

    def __setitem__(self, key: Hashable, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self.limit:
            self.popitem(last=False)
