"""Work in a thread of its own, so that the page can show how far it is and stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from sims.generator import Cancelled, Progress

Made = TypeVar("Made")
POLL_SECONDS = 0.2
_abandoned: set[threading.Thread] = set()  # told to stop, and perhaps still on the way to their next report


class Work(Generic[Made]):
    """One call of `make(progress)`, running from construction on; setting `stop` ends it at its next report."""

    def __init__(self, make: Callable[[Progress], Made], stop: threading.Event):
        self.fraction, self.what = 0.0, "starting"
        self._make, self._stop = make, stop
        self._made: list[Made] = []
        self._error: BaseException | None = None
        self._before = tuple(_abandoned)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def reports(self) -> Iterator[bool]:
        """One value every `POLL_SECONDS` until the work has ended: whether there is news.

        Closing the iterator (a person who left the page) stops the work. Whoever closes it, the server's event loop
        perhaps, is not kept: it is the next work that waits for this one's end.
        """
        seen: tuple[float, str] | None = None
        try:
            while self._thread.is_alive():
                now = (self.fraction, self.what)
                yield now != seen
                seen = now
                self._thread.join(POLL_SECONDS)
        except GeneratorExit:
            self._stop.set()
            _abandoned.add(self._thread)
            raise

    def result(self) -> Made:
        """What was made. Raises what the call raised, `Cancelled` included."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._made[0]

    def _run(self) -> None:
        for thread in self._before:  # two at once would share the memory that is there for one
            thread.join()
            _abandoned.discard(thread)
        try:
            self._made.append(self._make(self._progress))
        except BaseException as error:  # handed to whoever asks for the result
            self._error = error

    def _progress(self, fraction: float, what: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.fraction, self.what = fraction, what
