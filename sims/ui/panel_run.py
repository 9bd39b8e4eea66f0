"""Work of a panel: how far it is, what it shows on the way, and how it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from sims.generator import Cancelled, Preview, Progress
from sims.ui import session
from sims.ui.work import Work

Made = TypeVar("Made")
log = logging.getLogger("sims")


@dataclass(frozen=True, eq=False)
class Step(Generic[Made]):
    """Where the work is: "running", "done" with what was `made`, "stopped", or "failed" with one sentence."""

    state: str
    fraction: float = 0.0
    what: str = ""
    preview: str = ""  # a data URI
    error: str = ""
    made: Made | None = None


def steps(make: Callable[[Progress, Preview], Made], stop: threading.Event, what: str) -> Iterator[Step[Made] | None]:
    """The steps of `make(progress, preview)`, one after each change; None when nothing changed for a moment.

    Setting `stop`, or closing the iterator, ends the work at its next report. `what` names the work in the log.
    """
    latest: list[np.ndarray | None] = [None]
    shown, preview = None, ""
    work = Work(partial(_with_preview, make, partial(latest.__setitem__, 0)), stop)
    for news in work.reports():
        if latest[0] is not shown:
            shown, news = latest[0], True
            preview = session.thumbnail(shown, session.PREVIEW) if shown is not None else ""
        yield Step("running", work.fraction, work.what, preview) if news else None
    try:
        yield Step("done", 1.0, made=work.result())
    except Cancelled:
        yield Step("stopped", preview=preview)
    except session.FAULTS as error:
        yield Step("failed", error=str(error))
    except Exception:
        log.exception("%s failed", what)
        yield Step("failed", error="It failed; the server's log says why.")


def _with_preview(make: Callable[[Progress, Preview], Made], preview: Preview, progress: Progress) -> Made:
    return make(progress, preview)
