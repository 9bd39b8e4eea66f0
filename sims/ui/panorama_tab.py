"""The tab "Panorama": styles on the left, on the right their picture, flat and as it is seen from within."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import gradio as gr

from sims.cips_generator import BENT_FIELD
from sims.generator import GridRequest, RequestError
from sims.grid import WHOLE
from sims.grid_request import FIELDS_OF_VIEW
from sims.ui import session
from sims.ui.events import INSTANT, PAGE
from sims.ui.generator_panel import halt_pull, seed_for_run
from sims.ui.inside_panel import build_inside
from sims.ui.inversion_panel import build_inversion
from sims.ui.method_panel import options_of, pull, refresh
from sims.ui.one_picture import (
    OnePicture,
    brought_back,
    build_one_picture,
    connect_opened,
    connect_run,
    making,
    not_possible,
    read_file,
    restored_method,
    waiting,
)
from sims.ui.page_part import event_number
from sims.ui.painting import Wanted, panorama_task, seen_again, shown_value, told, usual_size, wraps, zoomed
from sims.ui.panorama_fields import PanoramaFields, build_fields, connect_fields, restored_sampling
from sims.ui.panorama_second import connect_second, restored_second
from sims.ui.panorama_view import panorama_view
from sims.ui.session import Result, Task
from sims.ui.style_sources import sent_style
from sims.ui.style_tab import StyleTab
from sims.ui.texture_tab import TextureTab, sent_example
from sims.ui.walk_panel import build_walk

EMPTY = {
    "title": "The picture appears here",
    "text": "Choose a seed and press Make picture. What goes all around can be looked at from within, too.",
}
WANTED = len(fields(Wanted))
TEN_THOUSAND = 10_000
Window = tuple[float, float, float, float]
Step = tuple[Window, tuple[int, int]]  # a window and the size of its picture, to come back to


@dataclass(frozen=True)
class PanoramaTab:
    """The tab's components that others listen to.

    `latent` holds the `sims.grid_request.Style` that stands in for the seed, or None; whoever sets it changes what the
    page says too. `shown` holds the last finished `session.Result` that was on the page, and `out` the way out of a
    part of it. `below` is the column under the picture, for panels of other files.
    """

    fields: PanoramaFields
    one: OnePicture
    shown: gr.State
    out: gr.State
    below: gr.Column

    @property
    def chosen(self) -> gr.Radio:
        """The name of the generator."""
        return self.fields.chosen

    @property
    def seed(self) -> gr.Number:
        """The seed of the style, and of the noise."""
        return self.fields.seed

    @property
    def truncation(self) -> gr.Slider:
        """From 0, the mean picture, to 1."""
        return self.fields.truncation

    @property
    def width(self) -> gr.Number:
        """Pixels across."""
        return self.fields.width

    @property
    def height(self) -> gr.Number:
        """Pixels down."""
        return self.fields.height

    @property
    def turn(self) -> gr.Slider:
        """Degrees."""
        return self.fields.turn

    @property
    def latent(self) -> gr.State:
        """What stands in for the seed."""
        return self.fields.latent.state

    @property
    def second_seed(self) -> gr.Number:
        """The seed of the second style."""
        return self.fields.second.seed


def build_panorama(demo: gr.Blocks) -> PanoramaTab:
    """Lay out the tab and connect its events."""
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=340, elem_classes="desk-left"):
            asked = build_fields()
        with gr.Column(scale=7, min_width=340, elem_classes="desk-right"):
            view = panorama_view("panorama-view", EMPTY)
            below = gr.Column(elem_id="panorama-below")
            one = build_one_picture("panorama", EMPTY, view)
    panorama = PanoramaTab(asked, one, gr.State(None), gr.State([]), below)
    connect_fields(asked, panorama.out)
    connect_second(asked.second, asked.chosen, panorama.shown)
    connect_pull(asked, demo)
    connect_runs(panorama)
    connect_restore(panorama)
    connect_told(panorama, demo)
    with below:
        build_walk(panorama)
        build_inversion(panorama)
        build_inside(panorama)
    one.made.change(lambda made: gr.skip() if made is None else made, one.made, panorama.shown, **INSTANT)
    return panorama


def connect_panoramas(panorama: PanoramaTab, style: StyleTab, texture: TextureTab, tabs: gr.Tabs) -> None:
    """Let pictures of this tab be taken as style pictures and as examples of a texture."""
    view, history = panorama.one.view, panorama.one.history
    taken = view.style(sent_style, history, style.sources.styles, **INSTANT)
    taken.success(lambda: gr.update(selected="style"), None, tabs, **INSTANT)
    view.example(sent_example, history, [*texture.examples, tabs], **INSTANT)


def connect_pull(asked: PanoramaFields, demo: gr.Blocks) -> None:
    """Let the Pull buttons work, and look again when a page is opened: others may have pulled since the start."""
    task, stop = gr.State("grid"), gr.State(None)
    demo.load(refresh, task, [asked.chosen, asked.offers], **INSTANT)
    asked.offers.pull(
        pull, task, [asked.offers, asked.chosen, stop], **PAGE, concurrency_limit=1, concurrency_id="pull"
    )
    asked.offers.halt(halt_pull, stop, None, **INSTANT)


def connect_runs(panorama: PanoramaTab) -> None:
    """Let the button make a picture, the picture itself another view of it, and Stop end either."""
    one, asked = panorama.one, panorama.fields
    names = gr.State(tuple(asked.options))
    started = [one.asked, one.stop, one.view, asked.seed, asked.go, asked.halt]
    checked = asked.go.click(prepare, [names, asked.random, *asked.asked], started, **INSTANT)
    seen = [asked.window, panorama.out, asked.width, asked.height, asked.turn, *started]
    state = [one.made, panorama.out]
    again = [
        one.view.zoom(zoom_in, state, seen, **INSTANT),
        one.view.back(zoom_out, state, seen, **INSTANT),
        one.view.whole(show_whole, state, seen, **INSTANT),
        one.view.centre(centre, state, seen, **INSTANT),
    ]
    for event in (checked, *again):
        connect_run(one, event, make_picture, asked.go, asked.halt)


def asked_task(names: tuple[str, ...], *values: Any) -> Task:
    """The task that the fields ask for: `values` are those of `PanoramaFields.asked`. Raises a fault."""
    return panorama_task(Wanted(*values[:WANTED]), options_of(names, values[WANTED:]))


def prepare(names: tuple[str, ...], random: bool, generator: str | None, seed: int | None, *values: Any) -> list[Any]:
    """Check everything that was asked for, and show that the picture is on its way."""
    try:
        drawn = seed_for_run(seed, random)
        task = asked_task(names, generator, drawn, *values)
    except session.FAULTS as error:
        return not_possible(error)
    return waiting(task, shown_value, drawn)


def make_picture(task: Task | None, stop: threading.Event) -> Iterator[Any]:
    """Make the picture, showing how it comes on."""
    yield from making(task, stop, shown_value)


def zoom_in(made: Result | None, out: list[Step], event: gr.EventData) -> list[Any]:
    """Paint the part of the picture that was marked, larger."""
    try:
        left, top = (event_number(event, name, 0, TEN_THOUSAND) / TEN_THOUSAND for name in ("left", "top"))
        across, down = (event_number(event, name, 1, TEN_THOUSAND) / TEN_THOUSAND for name in ("width", "height"))
        task = finished_task(made)
        return again(zoomed(task, (left, top, across, down)), [*out, place_of(task)])
    except session.FAULTS as error:
        return unchanged(error)


def zoom_out(made: Result | None, out: list[Step]) -> list[Any]:
    """Paint what was seen before the part was marked."""
    return seen_before(made, out[:-1], out[-1:])


def show_whole(made: Result | None, out: list[Step]) -> list[Any]:
    """Paint the whole once more."""
    return seen_before(made, [], out[:1])


def seen_before(made: Result | None, left: list[Step], step: list[Step]) -> list[Any]:
    """Paint the picture of a step on the way out; `left` of them remain."""
    try:
        task = finished_task(made)
        window, size = step[0] if step else (WHOLE, usual_size(task.card))
        return again(seen_again(task, window, size), left)
    except session.FAULTS as error:
        return unchanged(error)


def centre(made: Result | None, out: list[Step], event: gr.EventData) -> list[Any]:
    """Paint the same picture turned, so that what was looked at is in the middle."""
    try:
        degrees = event_number(event, "degrees", -1800, 1800) / 10
        task = finished_task(made)
        return again(seen_again(task, *place_of(task), degrees), out)
    except session.FAULTS as error:
        return unchanged(error)


def finished_task(made: Result | None) -> Task:
    """The task of the picture on the page. Raises `RequestError` while there is none."""
    if made is None or not made.task.card.geometry:
        raise RequestError("This picture cannot be painted from another view here; make one first.")
    return made.task


def place_of(task: Task) -> Step:
    """What a task shows, and how large."""
    assert isinstance(task.request, GridRequest)
    return task.request.window, task.request.size or usual_size(task.card)


def again(task: Task, out: list[Step]) -> list[Any]:
    """What window, way out, width, height, turn and the run become with another view of the same picture."""
    (window, (height, width)), request = place_of(task), task.request
    assert isinstance(request, GridRequest)
    return [window, out, width, height, request.turn, *waiting(task, shown_value, gr.skip())]


def unchanged(error: Exception) -> list[Any]:
    """What these become where something is wrong."""
    return [*[gr.skip()] * 5, *not_possible(error)]


def connect_restore(panorama: PanoramaTab) -> None:
    """Let the history and pictures made here bring back everything that they were made from."""
    one, asked = panorama.one, panorama.fields
    names = gr.State(tuple(asked.options))
    brought = [
        *one.restored,
        *[asked.chosen, asked.seed, asked.random, asked.truncation, asked.width, asked.height, asked.turn],
        *[asked.field_of_view, asked.window, panorama.out, asked.latent.state, *asked.second.fields],
        *[
            *asked.second.groups,
            asked.second.loaded,
            asked.drawer,
            asked.sampling,
            *asked.patch,
            *asked.options.values(),
        ],
    ]
    for opened in connect_opened(one, open_file):
        opened.success(bring_back, [names, one.opened, one.history], brought, **INSTANT)


def open_file(path: str) -> Result | None:
    """The picture in a PNG that was made here, with the size that it was asked for in."""
    result = read_file(path, "grid")
    if result is None or not isinstance(result.task.request, GridRequest):
        return result
    return replace(result, size=result.task.request.size or result.size)


def bring_back(names: tuple[str, ...], result: Result | None, history: list[Result]) -> Any:
    """All settings of a finished picture, and the picture itself."""
    if result is None:
        return gr.skip()
    task, request = result.task, result.task.request
    assert isinstance(request, GridRequest)
    generator, options = restored_method(task, "grid", names)
    height, width = request.size or result.size or usual_size(task.card)
    latent = request.style if request.style.seed is not None or request.style.latent is not None else None
    out = [] if request.window == WHOLE else [(WHOLE, usual_size(task.card))]
    around = task.card.geometry == "cylinder"
    field = request.field_of_view or (FIELDS_OF_VIEW[1] if around else BENT_FIELD)
    return [
        *brought_back(result, history, shown_value),
        *[generator, task.seed, False, request.truncation, width, height, request.turn, field, request.window, out],
        *[latent, *restored_second(result, wraps(task)), gr.update(open=True) if request.second else gr.skip()],
        *restored_sampling(request),
        *options,
    ]


def connect_told(panorama: PanoramaTab, demo: gr.Blocks) -> None:
    """Keep the line up to date that tells size, time and seams before the work."""
    asked, history = panorama.fields, panorama.one.history
    names = gr.State(tuple(asked.options))
    listened = [field for field in asked.asked if field is not asked.second.mask]
    changes = [*(field.change for field in (*listened, history)), asked.second.mask.input, demo.load]
    gr.on(changes, tell, [names, history, *asked.asked], asked.line, **INSTANT, trigger_mode="always_last")


def tell(names: tuple[str, ...], history: list[Result], *asked: Any) -> str:
    """What is known of the picture that would be made now; what is wrong with the fields, as soon as it is."""
    try:
        return told(asked_task(names, *asked), history)
    except session.FAULTS as error:
        return str(error)
