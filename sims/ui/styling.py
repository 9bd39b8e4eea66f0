"""What the tab "Style transfer" does, without a page: what is to be made, of what, and how long that will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sims.generator import (
    Card,
    LayoutRequest,
    Preview,
    Progress,
    RequestError,
    StyleRequest,
    check_image,
    check_request,
    check_seed,
    unseen,
)
from sims.layout import Layout
from sims.load import card
from sims.style.layout_chain import restyle_layout, segmenters_space
from sims.ui.catalogue import named_entry
from sims.ui.regions import ChosenRegions
from sims.ui.session import Result, Shown, Task, finished, loaded, shown
from sims.ui.viewer import viewer_value

CONTENT, STYLE, LAYOUT, STYLE_LAYOUT = "content", "style", "layout", "layout of the style"
ACTIONS = ("restyle", "style", "example")  # what is offered of a result
WHOLE = ChosenRegions()


@dataclass(frozen=True, eq=False)
class Look:
    """How something is to be restyled: after which picture (RGB uint8), how much, by which generator, and how.

    `shown` is the picture as a file; `options` may name those of other generators too, which are left out.
    """

    style: np.ndarray
    shown: Shown
    strength: float
    generator: str
    options: Mapping[str, str]
    seed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class LayoutTask(Task):
    """SPADE+PIS as one task: `source` makes a picture of the layout in `request`, and the one of `card` restyles it."""

    source: Card
    look: Look
    style_layout: Layout | None = None  # found by the segmenter where there is none

    @property
    def said(self) -> str:
        return f"after {self.source.title}"

    def make(self, progress: Progress, preview: Preview = unseen) -> Result:
        progress(0.0, "loading")
        chained = restyle_layout(
            loaded(self.source.name),
            loaded(self.card.name),
            self.layout_request,
            self.look.style,
            self.style_layout,
            seed=self.seed,
            strength=self.look.strength,
            options=self.look.options,
            progress=progress,
            preview=preview,
        )
        given = {**self.given, self.source.title: shown(chained.before.image, "content.png")}
        restyled = Task(self.card, chained.picture.request, self.seed, self.notes, self.key, given)
        found = shown(chained.style_layout.colours(), "style-layout.png")
        result = finished(restyled, chained.picture)
        return replace(result, seconds=chained.stations, beside={STYLE_LAYOUT: found})


def style_task(content: np.ndarray | None, file: Shown | None, look: Look, regions: ChosenRegions = WHOLE) -> Task:
    """The task of giving the content (RGB uint8, as a file too) the look. Raises `RequestError` or `ZooError`."""
    if content is None or file is None:
        raise RequestError("There is no content picture yet; drop one, or take the layout.")
    known = _stylist(look)
    request = StyleRequest(
        content,
        look.style,
        regions.content_labels,
        regions.style_labels,
        regions.pairs,
        look.strength,
        _options_of(known, look),
        regions.label_names,
    )
    check_request(known, request)
    return Task(known, request, look.seed, given={CONTENT: file, STYLE: look.shown})


def layout_task(layout: Layout, source: str | None, look: Look, style_layout: Layout | None = None) -> LayoutTask:
    """The task of making the layout's picture with the generator `source` and giving it the look, region by region.

    Raises `RequestError` or `ZooError`.
    """
    if not source:
        raise RequestError("Choose a generator that makes the layout's picture.")
    known, maker = _stylist(look), card(named_entry(source).name)
    request = LayoutRequest(layout)
    check_request(maker, request)
    check_request(known, StyleRequest(look.style, look.style, strength=look.strength, options=_options_of(known, look)))
    told = replace(look, options=_options_of(known, look))
    given = {LAYOUT: shown(layout.colours(), "layout.png"), STYLE: look.shown}
    if style_layout is not None and style_layout.space.name != segmenters_space(layout):
        style_layout = None  # too few of the layout's classes have a counterpart there
    return LayoutTask(known, request, look.seed, given=given, source=maker, look=told, style_layout=style_layout)


def _stylist(look: Look) -> Card:
    check_seed(look.seed)
    check_image(look.style, "The style picture")
    return card(named_entry(look.generator, "style").name)


def _options_of(known: Card, look: Look) -> dict[str, str]:
    names = {choice.name for choice in known.options}
    return {name: value for name, value in look.options.items() if name in names}


def is_live(task: Task) -> bool:
    """Whether another strength of its picture is a matter of moments: the generator keeps what is dear."""
    return task.card.family == "photo_wct"


def alike(first: Task, second: Task) -> bool:
    """Whether two tasks of this tab differ in nothing but the strength."""
    return (first.card.name, first.seed) == (second.card.name, second.seed) and _same(_asked(first), _asked(second))


def _asked(task: Task) -> tuple[Any, ...]:
    """What a task is made from, but for the strength; what it leaves out counts as the default."""
    defaults = {choice.name: choice.default for choice in task.card.options}
    if isinstance(task, LayoutTask):
        layout = task.layout_request.layout
        what = (task.source.name, layout.space.name, layout.ids, layout.instances, task.look.style)
        return (*what, defaults | dict(task.look.options))
    request = task.request
    assert isinstance(request, StyleRequest)
    labels = (request.content_labels, request.style_labels, dict(request.pairs))
    return (request.content, request.style, *labels, defaults | dict(request.options))


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return first is second or (first is not None and second is not None and np.array_equal(first, second))
    return bool(first == second)


def shown_value(result: Result) -> dict[str, Any]:
    """A result of this tab, and what led to it, as the viewer's value."""
    given = dict(result.task.given)
    style = {STYLE: given.pop(STYLE)} if STYLE in given else {}
    return viewer_value(result, given, beside={**style, **result.beside}, actions=ACTIONS)


def with_pictures(result: Result) -> Result:
    """A restored result whose content and style can be shown beside it."""
    request = result.task.request
    assert isinstance(request, StyleRequest)
    given = {CONTENT: shown(request.content, "content.png"), STYLE: shown(request.style, "style.png")}
    return replace(result, task=replace(result.task, given=given))


def content_file(task: Task) -> Shown:
    """The file of a finished task's content: for SPADE+PIS, that of the layout's picture."""
    return task.given.get(CONTENT) or list(task.given.values())[-1]


def same_origin(task: Task, came: Task) -> Task:
    """The task, its request with the line that says what made the content of `came`, which is the very same."""
    request, before = task.request, came.request
    if not isinstance(request, StyleRequest) or not isinstance(before, StyleRequest):
        return task
    return replace(task, request=replace(request, content_origin=before.content_origin))


def with_kept(result: Result, came: Result) -> Result:
    """The picture of `came` at another strength, with what was not done anew for it.

    A stage of SPADE+PIS is timed as "generator: stage", and where its picture was opened again as "stage".
    """
    again = dict(result.seconds)
    kept = {name: spent for name, spent in came.seconds.items() if name.rpartition(": ")[2] not in again}
    seconds = {name: again.get(name, kept.get(name, 0.0)) for name in came.seconds if name in again or name in kept}
    task = replace(result.task, given=came.task.given, varies=came.task.varies or came.task.key)
    return replace(result, task=task, seconds=seconds | again, beside={**came.beside, **result.beside})
