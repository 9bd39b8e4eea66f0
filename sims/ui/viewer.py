"""The view of one picture and how it came about, which the tabs for styles and textures share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from sims.generator import GridRequest, StyleRequest
from sims.grid_request import Style
from sims.load import WITHOUT_WEIGHTS
from sims.ui.method_panel import METHODS
from sims.ui.page_part import file_value, page_part
from sims.ui.session import Result, Shown, Task, history_value

RESULT = "result"  # what the finished picture is called among those that lead to it


def viewer(elem_id: str, empty: Mapping[str, str]) -> gr.HTML:
    """The part; `empty` has the "title" and the "text" that it shows until there is something to be seen.

    Its events are those that `viewer_value` is told to offer, each with the result's "key".
    """
    return page_part("viewer", {"empty": dict(empty)}, elem_id=elem_id, label="Result")


def viewer_value(
    result: Result,
    before: Mapping[str, Shown],
    *,
    beside: Mapping[str, Shown] | None = None,
    pair: bool = True,
    tiles: bool = False,
    actions: Sequence[str] = (),
) -> dict[str, Any]:
    """What the part shows of a result.

    `before` are the pictures that it is made from, by name. They, the pictures on the way and the result can be laid
    over each other if `pair`, at first the last of `before` and the result; those `beside` can be looked at alone. With
    `tiles` the result can be seen two by two. `actions` are the events of further buttons, among those of viewer.js:
    "restyle", "style" and "example".
    """
    shown = {**before, **result.shown} if result.state == "done" else dict(before)
    alone = dict(beside or {}) if result.state == "done" else {}
    if result.state == "done" and result.size is not None:
        shown[RESULT] = Shown(result.path, result.size)
    pictures = [
        {"name": name, "file": file_value(one.path), "height": one.size[0], "width": one.size[1], "alone": other}
        for group, other in ((shown, False), (alone, True))
        for name, one in group.items()
    ]
    begin = max(0, len(before) - 1)
    return {
        **result.page_value(),
        "title": heading(result.task),
        "said": details(result.task),
        "preview": result.preview,
        "pictures": pictures,
        "pair": pair,
        "begin": begin,
        "end": max(0, len(shown) - 1),
        "tiles": tiles,
        "actions": list(actions),
    }


def heading(task: Task) -> str:
    """The method of a task, and its network if it has one."""
    known = task.card
    method = METHODS.get(known.family)
    if method is None:
        return known.title
    return method if known.name in WITHOUT_WEIGHTS else f"{method} · {known.title}"


def details(task: Task) -> str:
    """What sets a task apart from others of its method; its seed only where another one would change the picture."""
    parts = (task.said, f"seed {task.seed}" if _uses_seed(task) else "")
    ordered = reversed(parts) if isinstance(task.request, GridRequest) else parts  # there the seed is what counts most
    return " · ".join(filter(None, ordered))


def _uses_seed(task: Task) -> bool:
    """Whether anything is drawn for it: of a restyled picture, the start in noise, or the content that was made."""
    request = task.request
    if isinstance(request, GridRequest):
        return not _is_given(request.style) or request.options.get("noise") == "seeded"
    if not isinstance(request, StyleRequest):
        return True
    return bool(request.content_origin) or request.options.get("start") == "noise"


def _is_given(style: Style) -> bool:
    return style.seed is not None or style.latent is not None


def strip_value(history: Sequence[Result]) -> dict[str, Any]:
    """The value of the history strip, whose narrow lines begin with what sets the pictures apart."""
    return history_value(history, lambda task: " · ".join(filter(None, (details(task), heading(task)))))
