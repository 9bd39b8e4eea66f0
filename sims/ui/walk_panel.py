"""The panel "Walk" of the tab "Panorama": a short film from style to style, which ends where it begins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import gradio as gr

from sims.cips_walk import FRAMES
from sims.grid_request import turns
from sims.ui import session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.method_panel import options_of
from sims.ui.one_picture import ready
from sims.ui.page_part import page_part
from sims.ui.painting import Wanted, panorama_task
from sims.ui.panel_run import Step, steps
from sims.ui.panorama_second import card_of
from sims.ui.session import Result, Task
from sims.ui.walking import RATES, TITLES, WalkTask, drawn_seeds, film_value, make_film, told, walk_task

if TYPE_CHECKING:  # the tab puts its panels together
    from sims.ui.panorama_tab import PanoramaTab

TURNS = {"Stand still": 0, "Turn right": 360, "Turn left": -360}
SIZES = {"As above": 1, "Half": 2, "Quarter": 4}  # by what the picture's sides are divided
BEGUN = "1, 2"
WANTED = len(fields(Wanted))


@dataclass(frozen=True)
class WalkPanel:
    """The panel's components. `asked` holds the `WalkTask` that the button asked for, `stop` the event that ends it."""

    seeds: gr.Textbox
    begin: gr.Checkbox
    frames: gr.Slider
    rate: gr.Slider
    size: gr.Radio
    turn: gr.Radio
    kind: gr.Radio
    go: gr.Button
    halt: gr.Button
    line: gr.Markdown
    view: gr.HTML
    asked: gr.State
    stop: gr.State

    @property
    def fields(self) -> list[Any]:
        """What a run reads, in the order of `sims.ui.walking.walk_task`."""
        return [self.seeds, self.begin, self.frames, self.rate, self.size, self.turn, self.kind]


def build_walk(tab: PanoramaTab) -> WalkPanel:
    """Lay out the panel below the tab's picture, and connect its events."""
    with gr.Accordion("Walk: a short film from style to style", open=False, elem_id="walk") as drawer:
        with gr.Row(elem_id="walk-stops"):
            seeds = gr.Textbox(
                BEGUN,
                label="Seeds on the way",
                info="Two or more styles in all, and back to the first one",
                max_length=200,
                min_width=200,
                elem_id="walk-seeds",
            )
            other = gr.Button("Other seeds", size="sm", min_width=110, elem_id="walk-other")
        begin = gr.Checkbox(True, label="Begin with the style above, its latent included", elem_id="walk-begin")
        with gr.Row(elem_id="walk-shape"):
            frames = gr.Slider(*FRAMES, 48, step=1, label="Frames", min_width=150, elem_id="walk-frames")
            rate = gr.Slider(*RATES, 12, step=1, label="Frames a second", min_width=150, elem_id="walk-rate")
            kinds = [(title, kind) for kind, title in TITLES.items()]
            kind = gr.Radio(kinds, value=kinds[0][1], label="File", min_width=170, elem_id="walk-kind")
        with gr.Row(elem_id="walk-choices"):
            size = gr.Radio(list(SIZES.items()), value=2, label="Sides", min_width=280, elem_id="walk-size")
            turn = gr.Radio(list(TURNS.items()), value=0, label="Meanwhile", min_width=300, elem_id="walk-turn")
        line = gr.Markdown("", elem_id="walk-told", elem_classes="hint")
        go = gr.Button("Make film", variant="primary", min_width=160, elem_id="walk-go")
        halt = gr.Button("Stop", min_width=160, visible=False, elem_id="walk-stop")
        view = page_part("walk", film_value(None), elem_id="walk-view", label="Film")
    asked, stop = gr.State(None), gr.State(None)
    panel = WalkPanel(seeds, begin, frames, rate, size, turn, kind, go, halt, line, view, asked, stop)
    other.click(drawn_seeds, seeds, seeds, **INSTANT)
    _connect_run(panel, tab)
    _connect_told(panel, tab, drawer)
    return panel


def _connect_run(panel: WalkPanel, tab: PanoramaTab) -> None:
    """Let the button make the film, and Stop end that."""
    started = [panel.asked, panel.stop, panel.view, panel.go, panel.halt]
    names = gr.State(tuple(tab.fields.options))
    checked = panel.go.click(prepare, [names, *panel.fields, *tab.fields.asked], started, **INSTANT)
    run = checked.success(make, [panel.asked, panel.stop], panel.view, **PAGE, **ONE_AT_A_TIME)
    run.then(ready, None, [panel.go, panel.halt], **INSTANT)
    panel.halt.click(halt_run, panel.stop, panel.halt, **INSTANT)


def _connect_told(panel: WalkPanel, tab: PanoramaTab, drawer: gr.Accordion) -> None:
    """Keep the line up to date that tells size and time before the work, and show a turn where there is one."""
    names = gr.State(tuple(tab.fields.options))
    listened = [field for field in tab.fields.asked if field is not tab.fields.second.mask]
    changes = [drawer.expand, *(field.change for field in (*panel.fields, *listened, tab.one.history))]
    inputs = [names, tab.one.history, *panel.fields, *tab.fields.asked]
    gr.on(changes, tell, inputs, [panel.line, panel.turn], **INSTANT, trigger_mode="always_last")


def asked_view(names: tuple[str, ...], *values: Any) -> Task:
    """The task that the tab's own fields ask for. Raises a fault (`sims.ui.session.FAULTS`)."""
    return panorama_task(Wanted(*values[:WANTED]), options_of(names, values[WANTED:]))


def asked_walk(names: tuple[str, ...], *values: Any) -> WalkTask:
    """The film that is asked for by `values`, those of `WalkPanel.fields` and then the tab's. Raises a fault."""
    own, others = values[:7], values[7:]
    view = asked_view(names, *others)
    seeds, begin, frames, rate, size, turn, kind = own
    turn = turn if turns(view.card, view.request.options) else 0  # it is hidden elsewhere
    return walk_task(view, seeds, bool(begin), frames, rate, size, turn, kind)


def prepare(names: tuple[str, ...], *values: Any) -> list[Any]:
    """Check everything that was asked for, and show that the film is on its way."""
    try:
        task = asked_walk(names, *values)
    except session.FAULTS as error:
        warn(error)
        return [None, *[gr.skip()] * 4]
    waiting = film_value(Step("running", what="Waiting"), task)
    return [task, threading.Event(), waiting, gr.update(visible=False), gr.update(visible=True)]


def make(task: WalkTask | None, stop: threading.Event) -> Iterator[Any]:
    """Make the film, showing its frames as they come."""
    if task is None:
        yield gr.skip()
        return
    for step in steps(lambda progress, preview: make_film(task, progress, preview), stop, "a walk"):
        yield gr.skip() if step is None else film_value(step, task)


def tell(names: tuple[str, ...], history: list[Result], *values: Any) -> list[Any]:
    """What is known of the film that would be made now, or what is wrong with the fields; and whether it can turn."""
    options, known = options_of(names, values[7 + WANTED :]), card_of(values[7])
    turning = gr.update(visible=known is not None and turns(known, options))
    try:
        return [told(asked_walk(names, *values), history), turning]
    except session.FAULTS as error:
        return [str(error), turning]
