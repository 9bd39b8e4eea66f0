"""The panel "Inside" of the tab "Panorama": what a generator knows of places, and whether it remembers pictures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from sims.ui import session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.looking_inside import embedding_value, find_nearest, nearest_value, told
from sims.ui.one_picture import ready
from sims.ui.page_part import page_part
from sims.ui.panel_run import Step, steps
from sims.ui.panorama_second import card_of
from sims.ui.session import Task
from sims.ui.walk_panel import asked_view

if TYPE_CHECKING:  # the tab puts its panels together
    from sims.ui.panorama_tab import PanoramaTab


@dataclass(frozen=True)
class InsidePanel:
    """The panel's components. `asked` holds the `Task` whose picture is compared, `stop` the event that ends that."""

    embedding: gr.HTML
    nearest: gr.HTML
    go: gr.Button
    halt: gr.Button
    asked: gr.State
    stop: gr.State


def build_inside(tab: PanoramaTab) -> InsidePanel:
    """Lay out the panel below the tab's picture, and connect its events."""
    with gr.Accordion("Inside: embeddings, nearest pictures", open=False, elem_id="inside") as drawer:
        embedding = page_part("embedding", {}, elem_id="inside-embedding", label="Coordinate embeddings")
        go = gr.Button("Find the nearest training pictures", min_width=160, elem_id="inside-go")
        halt = gr.Button("Stop", min_width=160, visible=False, elem_id="inside-stop")
        nearest = page_part("nearest", nearest_value(None), elem_id="inside-nearest", label="Nearest training pictures")
    panel = InsidePanel(embedding, nearest, go, halt, gr.State(None), gr.State(None))
    _connect_embedding(panel, tab, drawer)
    _connect_nearest(panel, tab)
    return panel


def _connect_embedding(panel: InsidePanel, tab: PanoramaTab, drawer: gr.Accordion) -> None:
    """Show the embeddings of the chosen generator while the drawer is open."""
    opened = gr.State(False)
    drawer.expand(lambda: True, None, opened, **INSTANT)
    drawer.collapse(lambda: False, None, opened, **INSTANT)
    begun = gr.on(
        [opened.change, tab.chosen.change],
        begin,
        [opened, tab.chosen],
        [panel.embedding, panel.nearest, panel.go],
        **INSTANT,
        trigger_mode="always_last",
    )
    begun.success(show_embedding, [opened, tab.chosen], panel.embedding, **PAGE, **ONE_AT_A_TIME)


def _connect_nearest(panel: InsidePanel, tab: PanoramaTab) -> None:
    """Let the button compare the picture that the tab's fields ask for, and Stop end that."""
    names = gr.State(tuple(tab.fields.options))
    started = [panel.asked, panel.stop, panel.nearest, panel.go, panel.halt]
    checked = panel.go.click(prepare, [names, *tab.fields.asked], started, **INSTANT)
    run = checked.success(show_nearest, [panel.asked, panel.stop], panel.nearest, **PAGE, **ONE_AT_A_TIME)
    run.then(ready, None, [panel.go, panel.halt], **INSTANT)
    panel.halt.click(halt_run, panel.stop, panel.halt, **INSTANT)


def begin(opened: bool, name: str | None) -> list[Any]:
    """Put away what belongs to another generator, and say whether there are pictures to compare with."""
    if not opened:
        return [gr.skip()] * 3
    note = told(card_of(name))
    return [{"text": "The embeddings come here."}, nearest_value(None, note), gr.update(interactive=not note)]


def show_embedding(opened: bool, name: str | None) -> Any:
    """The embeddings of a generator, or one sentence why there are none."""
    known = card_of(name)
    if not opened or known is None:
        return gr.skip()
    try:
        return embedding_value(known)
    except session.FAULTS as error:
        return {"text": str(error)}


def prepare(names: tuple[str, ...], *values: Any) -> list[Any]:
    """Check what was asked for, and show that the comparison is on its way."""
    try:
        task = asked_view(names, *values)
    except session.FAULTS as error:
        warn(error)
        return [None, *[gr.skip()] * 4]
    waiting = nearest_value(Step("running", what="Waiting"))
    return [task, threading.Event(), waiting, gr.update(visible=False), gr.update(visible=True)]


def show_nearest(task: Task | None, stop: threading.Event) -> Iterator[Any]:
    """Compare the picture, showing how far that is."""
    if task is None:
        yield gr.skip()
        return
    for step in steps(lambda progress, _: find_nearest(task, progress), stop, "a comparison"):
        yield gr.skip() if step is None else nearest_value(step)
