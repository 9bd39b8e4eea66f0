"""The panel "Inversion" of the tab "Panorama": the style of a picture of one's own, to go on from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from sims.cips_inversion import USUAL_STEPS
from sims.grid_request import Style
from sims.ui import session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.inverting import (
    SPACES,
    Found,
    InversionTask,
    figures,
    find_style,
    found_value,
    inversion_task,
    sample_groups,
    sample_picture,
)
from sims.ui.one_picture import ready
from sims.ui.page_part import page_part
from sims.ui.panel_run import Step, steps
from sims.ui.panorama_fields import begin_anew
from sims.ui.picture_drop import Place, choose_picture, picture_drop, take_picture
from sims.ui.session import Shown
from sims.ui.viewer import viewer

if TYPE_CHECKING:  # the tab puts its panels together
    from sims.ui.panorama_tab import PanoramaTab

PLACE = Place("Picture", "A landscape of yours", "picture")
EMPTY = {
    "title": "The picture appears here, and what the generator makes of it",
    "text": "Drop a picture, or choose one of ours, and press Find its style.",
}
MOST_STEPS = 1000  # that the page offers


@dataclass(frozen=True)
class InversionPanel:
    """The panel's components.

    `asked` holds the `InversionTask` that the button asked for, `stop` the event that ends it, and `found` the
    `sims.ui.inverting.Found` of the last search that came to something.
    """

    drop: gr.HTML
    image: gr.State
    file: gr.State
    space: gr.Radio
    steps: gr.Slider
    go: gr.Button
    halt: gr.Button
    view: gr.HTML
    use: gr.Button
    latent: gr.DownloadButton
    asked: gr.State
    stop: gr.State
    found: gr.State

    @property
    def pictures(self) -> list[Any]:
        """What another picture changes, in the order of `sims.ui.picture_drop.new_picture`."""
        return [self.drop, self.image, self.file]

    @property
    def results(self) -> list[Any]:
        """What a search changes, in the order of `search`."""
        return [self.view, self.found, self.use, self.latent]


def build_inversion(tab: PanoramaTab) -> InversionPanel:
    """Lay out the panel below the tab's picture, and connect its events."""
    with gr.Accordion("Inversion: the style of a picture of yours", open=False, elem_id="inversion"):
        with gr.Row(elem_id="inversion-desk"):
            with gr.Column(min_width=250):
                drop = picture_drop(PLACE, "inversion-picture")
            with gr.Column(min_width=250):
                spaces = [(title, space) for space, title in SPACES.items()]
                space = gr.Radio(spaces, value=spaces[0][1], label="Space", elem_id="inversion-space")
                count = gr.Slider(20, MOST_STEPS, USUAL_STEPS, step=10, label="Steps", elem_id="inversion-steps")
                go = gr.Button("Find its style", variant="primary", elem_id="inversion-go")
                halt = gr.Button("Stop", visible=False, elem_id="inversion-stop")
        samples = page_part("strip", {"groups": sample_groups()}, elem_id="inversion-samples", label="Our pictures")
        view = viewer("inversion-view", EMPTY)
        with gr.Row(elem_id="inversion-actions"):
            use = gr.Button("Use it as the style", variant="primary", size="sm", visible=False, elem_id="inversion-use")
            latent = gr.DownloadButton("Download latent (.npy)", size="sm", visible=False, elem_id="inversion-latent")
    image, file, asked, stop, found = (gr.State(None) for _ in range(5))
    panel = InversionPanel(drop, image, file, space, count, go, halt, view, use, latent, asked, stop, found)
    drop.input(take, [drop, panel.file], panel.pictures, **INSTANT)
    samples.choose(choose, None, panel.pictures, **INSTANT)
    _connect_run(panel, tab)
    changed = [tab.latent, tab.truncation, tab.turn, tab.chosen, tab.width, tab.height]
    use.click(use_style, [panel.found, tab.chosen], changed, **INSTANT)
    return panel


def _connect_run(panel: InversionPanel, tab: PanoramaTab) -> None:
    """Let the button search, and Stop end that with the best until then."""
    asked = [tab.chosen, panel.image, panel.space, panel.steps, tab.seed]
    started = [panel.asked, panel.stop, *panel.results, panel.go, panel.halt]
    checked = panel.go.click(prepare, asked, started, **INSTANT)
    run = checked.success(search, [panel.asked, panel.stop], panel.results, **PAGE, **ONE_AT_A_TIME)
    run.then(ready, None, [panel.go, panel.halt], **INSTANT)
    panel.halt.click(halt_run, panel.stop, panel.halt, **INSTANT)


def take(value: object, before: Shown | None) -> list[Any]:
    """Read the picture that was given, or say in one sentence why not and keep the one before."""
    return take_picture(PLACE, value, before)


def choose(event: gr.EventData) -> list[Any]:
    """Take one of our pictures."""
    return choose_picture(PLACE, sample_picture, "picture.png", event)


def prepare(generator: str | None, image: np.ndarray | None, space: object, count: object, seed: object) -> list[Any]:
    """Check everything that was asked for, and show that the search is on its way."""
    try:
        task = inversion_task(generator, image, space, count, seed)
    except session.FAULTS as error:
        warn(error)
        return [None, *[gr.skip()] * 7]
    waiting = found_value(Step("waiting", what="Waiting"), task)
    hidden = [gr.update(visible=False)] * 3
    return [task, threading.Event(), waiting, None, *hidden, gr.update(visible=True)]


def search(task: InversionTask | None, stop: threading.Event) -> Iterator[Any]:
    """Search, showing the best until now: what `InversionPanel.results` become, again and again."""
    if task is None:
        yield [gr.skip()] * 4
        return
    for step in steps(lambda progress, preview: find_style(task, progress, preview), stop, "an inversion"):
        if step is None:
            yield [gr.skip()] * 4
        elif step.made is None:
            yield [found_value(step, task), *[gr.skip()] * 3]
        else:
            shown_now = [gr.update(visible=True), gr.update(visible=True, value=step.made.latent)]
            yield [found_value(step, task), step.made, *shown_now]


def use_style(found: Found | None, chosen: str | None) -> list[Any]:
    """What the tab's latent, truncation, turn, generator and size become, so that it goes on from what was found."""
    if found is None:
        return [gr.skip()] * 6
    name = found.result.task.card.name
    size = [gr.skip()] * 2 if name == chosen else begin_anew(name)[:2]
    gr.Info(f"It is the tab's style now ({figures(found.inversion)}): make a picture, blend, mix, or walk from it.")
    return [Style(latent=found.inversion.latent, space="w"), 1.0, 0, name, *size]
