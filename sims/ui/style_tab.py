"""The tab "Style transfer": a content and a style on the left, on the right the one with the look of the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import Card, RequestError, StyleRequest
from sims.layout import Layout
from sims.load import card
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE
from sims.ui.generator_panel import seed_for_run
from sims.ui.layouts import painted_layout
from sims.ui.method_panel import MethodPanel, build_method_panel, connect_methods, options_of
from sims.ui.one_picture import (
    OnePicture,
    brought_back,
    build_one_picture,
    connect_history,
    connect_opened,
    connect_run,
    making,
    not_possible,
    read_file,
    ready,
    restored_method,
    waiting,
)
from sims.ui.pace import PACE, foretold
from sims.ui.regions import chosen_regions
from sims.ui.regions_panel import RegionsPanel, build_regions_panel, connect_regions, restored_regions
from sims.ui.session import Result, Shown, Task
from sims.ui.style_sources import (
    PAINTED,
    Sources,
    build_sources,
    new_content,
    new_style,
    painted_inputs,
    sent_content,
    sent_style,
    show_kind,
)
from sims.ui.styling import (
    STYLE,
    Look,
    alike,
    content_file,
    is_live,
    layout_task,
    same_origin,
    shown_value,
    style_task,
    with_kept,
    with_pictures,
)
from sims.ui.synthesis import SynthesisTab

EMPTY = {
    "title": "The restyled picture appears here",
    "text": "Drop a photograph, choose a style picture, press Apply style. Before and after then lie in one place.",
}
MOMENT = 0.8  # seconds for which another strength may be on its way before the page says so


@dataclass(frozen=True)
class StyleTab:
    """The tab's components that others listen to."""

    sources: Sources
    methods: MethodPanel
    drawer: gr.Accordion
    regions: RegionsPanel
    strength: gr.Slider
    go: gr.Button
    halt: gr.Button
    one: OnePicture


def build_style(synthesis: SynthesisTab, demo: gr.Blocks, tab: gr.Tab) -> StyleTab:
    """Lay out the tab and connect its events."""
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=340, elem_classes="desk-left"):
            sources = build_sources(synthesis)
            with gr.Row(elem_id="style-run"):
                strength = gr.Slider(0, 100, 100, step=1, label="Strength, %", min_width=200, elem_id="style-strength")
                go = gr.Button("Apply style", variant="primary", size="lg", min_width=160, elem_id="style-go")
                halt = gr.Button("Stop", size="lg", min_width=160, visible=False, elem_id="style-stop")
            told = gr.Markdown("", elem_id="style-told", elem_classes="hint")
            methods = build_method_panel("style")
            with gr.Accordion("Regions", open=False, elem_id="style-regions") as drawer:
                regions = build_regions_panel()
        with gr.Column(scale=7, min_width=340, elem_classes="desk-right"):
            one = build_one_picture("style", EMPTY)
    style = StyleTab(sources, methods, drawer, regions, strength, go, halt, one)
    connect_methods(methods, demo, sources.kind)
    connect_regions(regions, sources.content, sources.style, sources.layout, sources.style_layout)
    connect_runs(style, synthesis)
    connect_restore(style)
    connect_told(style, synthesis, told)
    kinds = [sources.kind.change, sources.content.change, tab.select]
    gr.on(kinds, lambda kind: gr.update(visible=kind != PAINTED), sources.kind, drawer, **INSTANT)
    tab.select(show_kind, painted_inputs(sources, synthesis), [sources.content_drop, sources.maker], **INSTANT)
    one.view.style(sent_style, one.history, sources.styles, **INSTANT)
    return style


def connect_sends(style: StyleTab, tabs: gr.Tabs, senders: Sequence[tuple[gr.HTML, gr.State]]) -> None:
    """Let parts of the page send a picture of theirs as content; each comes with the results that it shows."""
    for part, results in ((style.one.view, style.one.history), *senders):
        part.restyle(sent_content, results, [*style.sources.contents, tabs], **INSTANT)


def asked_inputs(style: StyleTab, synthesis: SynthesisTab) -> list[Any]:
    """The inputs of `asked_task` after the names of the options."""
    sources, methods = style.sources, style.methods
    return [
        methods.seed,
        *[
            sources.kind,
            sources.content,
            sources.content_file,
            sources.style,
            sources.style_file,
            sources.style_layout,
            sources.layout,
        ],
        *[synthesis.layout.editor, synthesis.layout.origin, sources.maker],
        *[methods.chosen, style.strength, *style.regions.fields, *methods.fields.values()],
    ]


def connect_runs(style: StyleTab, synthesis: SynthesisTab) -> None:
    """Let the button make the picture, Stop end that, and another strength change the picture that is shown."""
    one, names, mine = style.one, gr.State(tuple(style.methods.fields)), gr.State(None)
    inputs, buttons = asked_inputs(style, synthesis), [style.go, style.halt]
    checked = style.go.click(
        prepare,
        [names, style.methods.random, *inputs],
        [one.asked, one.stop, one.view, style.methods.seed, *buttons],
        **INSTANT,
    )
    connect_run(one, checked, make_picture, *buttons)
    moved = style.strength.input(
        restrength,
        [names, one.task, one.made, *inputs],
        [*one.run, one.stop, mine, *buttons],
        **PAGE,
        **ONE_AT_A_TIME,
        trigger_mode="always_last",
    )
    connect_history(one, moved)
    moved.then(ready_again, [one.stop, mine], buttons, **INSTANT)


def asked_task(
    names: tuple[str, ...],
    seed: object,
    kind: str,
    content: np.ndarray | None,
    file: Shown | None,
    style: np.ndarray | None,
    style_file: Shown | None,
    style_layout: Layout | None,
    layout: Layout | None,
    value: object,
    origin: Layout | None,
    maker: str | None,
    method: str | None,
    strength: object,
    *fields: Any,
) -> Task:
    """The task that the fields ask for; `fields` are those of the regions, and then the options. Raises a fault."""
    if style is None or style_file is None:
        raise RequestError("There is no style picture yet; choose one of ours, or drop one.")
    if not method:
        raise RequestError("No method is at hand; pull one of those listed below.")
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 100:
        raise RequestError("The page sent no strength from 0 to 100; reload it.")
    regions_end = len(fields) - len(names)
    options = options_of(names, fields[regions_end:])
    look = Look(style, style_file, strength / 100, method, options, session.whole_seed(seed))
    if kind == PAINTED:
        return layout_task(painted_layout(value, origin), maker, look, style_layout)
    if content is None:
        raise RequestError("There is no content picture yet; drop one, or take the layout in the editor.")
    regions = chosen_regions(content, style, layout, style_layout, *fields[:regions_end])
    return style_task(content, file, look, regions)


def prepare(names: tuple[str, ...], random: bool, seed: int | None, *inputs: Any) -> list[Any]:
    """Check everything that was asked for, and show that the picture is on its way."""
    try:
        drawn = seed_for_run(seed, random)
        task = asked_task(names, drawn, *inputs)
    except session.FAULTS as error:
        return not_possible(error)
    return waiting(task, shown_value, drawn)


def make_picture(task: Task | None, stop: threading.Event) -> Iterator[Any]:
    """Make the picture, showing how it comes on."""
    for step in making(task, stop, shown_value):
        if isinstance(step, list) and step[1] is not None:
            PACE.learn(step[1])
        yield step


def restrength(names: tuple[str, ...], task: Task | None, came: Result | None, *inputs: Any) -> Iterator[Any]:
    """Show the picture of the page at another strength, if nothing else was changed and it takes but a moment.

    Where it takes longer after all, there is a Stop, which leaves the picture as it was.
    """
    try:
        wanted = asked_task(names, *inputs)
    except session.FAULTS:
        return  # the button says what is wrong
    if task is None or came is None or came.task.key != task.key or not is_live(task) or not alike(task, wanted):
        return  # something else was changed too, which waits for the button
    wanted, began, stop, told = same_origin(wanted, task), time.monotonic(), threading.Event(), False
    for results in session.run([wanted], stop):
        result = results[0] if results else None
        if result is None:
            continue
        if result.state == "done":
            PACE.learn(result)
            result = with_kept(result, came)
            yield [shown_value(result), result, wanted, *[gr.skip()] * 4]
        elif result.state not in ("waiting", "running"):
            yield [shown_value(came if result.state == "stopped" else result), *[gr.skip()] * 6]
        elif time.monotonic() - began > MOMENT:
            buttons = [gr.skip()] * 4 if told else [stop, stop, gr.update(visible=False), gr.update(visible=True)]
            yield [shown_value(result), gr.skip(), gr.skip(), *buttons]
            told = True


def ready_again(stop: threading.Event | None, mine: threading.Event | None) -> Any:
    """Bring the button back after another strength, unless it was pressed meanwhile."""
    return ready() if stop is not None and stop is mine else gr.skip()


def connect_restore(style: StyleTab) -> None:
    """Let the history and pictures made here bring back everything that they were made from."""
    one, sources, methods = style.one, style.sources, style.methods
    names = gr.State(tuple(methods.fields))
    fields = [
        *one.restored,
        *sources.contents,
        *sources.styles,
        *[methods.chosen, style.strength, methods.seed, methods.random],
        *style.regions.fields,
        *methods.fields.values(),
    ]
    for opened in connect_opened(one, open_file):
        drawn = opened.success(show_drawer, one.opened, style.drawer, **INSTANT)
        drawn.success(bring_back, [names, one.opened, one.history], fields, **INSTANT)


def open_file(path: str) -> Result | None:
    """The picture in a PNG that was made here, with what it was made from."""
    result = read_file(path, "style")
    return with_pictures(result) if result else None


def show_drawer(result: Result | None) -> Any:
    """Show the regions, opened where a picture has some: only an open drawer takes in which of them are paired."""
    if result is None:
        return gr.skip()
    request = result.task.request
    assert isinstance(request, StyleRequest)
    return gr.update(visible=True, open=True) if request.content_labels is not None else gr.update(visible=True)


def bring_back(names: tuple[str, ...], result: Result | None, history: list[Result]) -> Any:
    """All settings of a finished picture, and the picture itself."""
    if result is None:
        return gr.skip()
    task, request = result.task, result.task.request
    assert isinstance(request, StyleRequest)
    method, options = restored_method(task, "style", names)
    return [
        *brought_back(result, history, shown_value),
        *new_content(request.content, content_file(task)),
        *new_style(request.style, task.given[STYLE]),
        *[method, round(100 * request.strength), task.seed, False],
        *restored_regions(request),
        *options,
    ]


def connect_told(style: StyleTab, synthesis: SynthesisTab, told: gr.Markdown) -> None:
    """Keep the line up to date that tells the result's size and how long it will take."""
    sources, methods = style.sources, style.methods
    names = gr.State(tuple(methods.fields))
    inputs = [sources.kind, sources.content, sources.maker, synthesis.layout.editor, methods.chosen]
    changes = [sources.kind.change, sources.content.change, sources.maker.change, methods.chosen.change]
    changes += [style.one.history.change, *(field.change for field in methods.fields.values())]
    gr.on(changes, tell, [names, *inputs, *methods.fields.values()], told, **INSTANT, trigger_mode="always_last")


def tell(
    names: tuple[str, ...],
    kind: str,
    content: np.ndarray | None,
    maker: str | None,
    value: object,
    method: str | None,
    *options: Any,
) -> str:
    """The size of what would be made now, and about how long that would take."""
    try:
        size = content.shape[:2] if content is not None else None
        if kind == PAINTED:
            size = layout_size(maker, value)
        known = card(catalogue.named_entry(method or "", "style").name)
    except session.FAULTS:
        return ""
    if size is None:
        return ""
    return foretold(known, {name: str(value) for name, value in options_of(names, options).items()}, size)


def layout_size(maker: str | None, value: object) -> tuple[int, int]:
    """(height, width) of the picture that a generator makes of the layout in the editor. Raises a fault."""
    layout: Card = card(catalogue.named_entry(maker or "").name)
    return layout.native_size or painted_layout(value, None).size
