"""Where the PNGs made in this process lie: a temporary folder, bounded in bytes, gone when the process ends."""

from __future__ import annotations

import itertools
import tempfile
import threading
from pathlib import Path

MAX_BYTES = 1 << 30


class Shelf:
    """Files of this process. The oldest go when there is more than `max_bytes` of them."""

    def __init__(self, max_bytes: int = MAX_BYTES):
        self._folder = tempfile.TemporaryDirectory(prefix="sims-studio-")
        self._max_bytes = max_bytes
        self._sizes: dict[Path, int] = {}  # oldest first
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def put(self, data: bytes, name: str) -> str:
        """The path of a new file called `name` (a plain file name) with these bytes."""
        path = Path(self._folder.name, str(next(self._numbers)), name)
        path.parent.mkdir()
        path.write_bytes(data)
        with self._lock:
            self._sizes[path] = len(data)
            while sum(self._sizes.values()) > self._max_bytes and len(self._sizes) > 1:
                oldest = next(iter(self._sizes))
                del self._sizes[oldest]
                oldest.unlink(missing_ok=True)
                oldest.parent.rmdir()
        return str(path)


SHELF = Shelf()
