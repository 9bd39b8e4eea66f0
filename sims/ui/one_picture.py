"""What the tabs that make one picture at a time share: where it is shown, its run, the session's history."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from sims.provenance import RecipeError
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.layouts import uploaded_bytes
from sims.ui.page_part import event_text, page_part
from sims.ui.session import Result, Task
from sims.ui.viewer import strip_value, viewer


@dataclass(frozen=True)
class OnePicture:
    """The components and states of such a tab. `history` is the session's list of `session.Result`.

    `asked` is the task that the button asked for, and `task` the one whose picture is on the page; `made` is that
    picture once it is finished, on its way into the history; `opened` is one on its way from there or from a file.
    """

    view: gr.HTML
    strip: gr.HTML
    restore: gr.UploadButton
    history: gr.State
    asked: gr.State
    task: gr.State
    made: gr.State
    opened: gr.State
    stop: gr.State

    @property
    def run(self) -> list[Any]:
        """What a run changes, in the order of `making`."""
        return [self.view, self.made, self.task]

    @property
    def restored(self) -> list[Any]:
        """What a picture changes that is opened again, in the order of `brought_back`."""
        return [*self.run, self.history, self.strip]


def build_one_picture(name: str, empty: Mapping[str, str], view: gr.HTML | None = None) -> OnePicture:
    """Lay out the picture, unless a `view` of it is there, and the history below; all names begin with `name`."""
    view = viewer(f"{name}-view", empty) if view is None else view
    gr.HTML("<h2>This session</h2>", js_on_load=None, elem_classes="section-title")
    strip = page_part("strip", strip_value([]), elem_id=f"{name}-history", label="This session")
    restore = gr.UploadButton(
        "Open a picture made here", file_types=[".png"], size="sm", variant="secondary", elem_id=f"{name}-restore"
    )
    states = (gr.State(None) for _ in range(5))
    return OnePicture(view, strip, restore, gr.State([]), *states)


def connect_run(one: OnePicture, checked: Any, make: Callable[..., Any], go: gr.Button, halt: gr.Button) -> None:
    """After the event `checked`, which set `asked` and `stop`, let `make` make the picture, and Stop end that."""
    run = checked.success(make, [one.asked, one.stop], one.run, **PAGE, **ONE_AT_A_TIME)
    connect_history(one, run)
    run.then(ready, None, [go, halt], **INSTANT)
    halt.click(halt_run, one.stop, halt, **INSTANT)


def connect_history(one: OnePicture, run: Any) -> None:
    """Let what a run has made enter the history as it is by then: meanwhile other pictures may have."""
    run.success(enter, [one.made, one.history], [one.history, one.strip], **INSTANT)


def connect_opened(one: OnePicture, open_file: Callable[..., Any]) -> list[Any]:
    """Let the history, and `open_file` those from a file, set `opened`; the two events."""
    return [
        one.strip.choose(reopen, one.history, one.opened, **INSTANT),
        one.restore.upload(open_file, one.restore, one.opened, **INSTANT),
    ]


def making(
    task: Task | None, stop: threading.Event, shown: Callable[[Result], dict[str, Any]]
) -> Iterator[list[Any] | dict[str, Any]]:
    """Make the picture, showing by `shown` how it comes on: what `OnePicture.run` becomes, again and again."""
    for results in session.run([task] if task else [], stop):
        if results is None:
            yield gr.skip()
        else:
            yield [shown(results[0]), results[0] if results[0].state == "done" else None, task]


def waiting(task: Task, shown: Callable[[Result], dict[str, Any]], seed: object) -> list[Any]:
    """What [asked, stop, view, seed field, go, halt] become once everything was checked."""
    stop, picture = threading.Event(), shown(Result(task))
    return [task, stop, picture, seed, gr.update(visible=False), gr.update(visible=True)]


def not_possible(error: Exception) -> list[Any]:
    """What these become where something is wrong: nothing is asked for, and the page stays as it is."""
    warn(error)
    return [None, *[gr.skip()] * 5]


def enter(made: Result | None, history: list[Result]) -> Any:
    """The history and its strip with a picture that was finished."""
    if made is None:
        return gr.skip()
    history = session.keep(history, [made])
    return [history, strip_value(history)]


def ready() -> list[Any]:
    """Bring the button back."""
    return [gr.update(visible=True), gr.update(visible=False, value="Stop", interactive=True)]


def reopen(history: list[Result], event: gr.EventData) -> Result | None:
    """The result of this session that was chosen; None and a warning where it is gone."""
    kept = session.kept(history, event_text(event, "key"))
    if kept is None or not Path(kept.path).is_file():
        warn(session.GONE)
        return None
    return kept


def read_file(path: str, task: str) -> Result | None:
    """The result in a PNG that was made here by `task`; None and a warning where it is none."""
    try:
        return session.restore(uploaded_bytes(path, "picture"), task)
    except (RecipeError, *session.FAULTS) as error:
        warn(error)
        return None


def brought_back(result: Result, history: list[Result], shown: Callable[[Result], dict[str, Any]]) -> list[Any]:
    """What `OnePicture.restored` becomes with a finished picture."""
    history = session.keep(history, [result])
    return [shown(result), result, result.task, history, strip_value(history)]


def restored_method(task: Task, kind: str, names: tuple[str, ...]) -> tuple[Any, list[Any]]:
    """The fields of the method and of its options by name; as they are where that `kind` of method is not at hand."""
    if task.card.name not in (known.name for known in catalogue.ready_cards(kind)):
        warn(f"Its method, {task.card.name}, is not at hand here; the other settings are back.")
        return gr.skip(), [gr.skip()] * len(names)
    return task.card.name, [task.request.options.get(name, gr.skip()) for name in names]
