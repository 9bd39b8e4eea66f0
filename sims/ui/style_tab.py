"""The tab "Style transfer": a content and a style on the left, on the right the one with the look of the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import Card, RequestError, StyleRequest
from sims.layout import Layout
from sims.load import card
from sims.provenance import RecipeError
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.generator_panel import seed_for_run
from sims.ui.layouts import painted_layout, uploaded_bytes
from sims.ui.method_panel import MethodPanel, build_method_panel, connect_methods, options_of
from sims.ui.pace import PACE
from sims.ui.page_part import event_text, page_part
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
    kept_first,
    layout_task,
    shown_value,
    style_task,
    with_pictures,
)
from sims.ui.synthesis import SynthesisTab
from sims.ui.viewer import viewer

EMPTY = {
    "title": "The restyled picture appears here",
    "text": "Drop a photograph, choose a style picture, press Apply style. Before and after then lie in one place.",
}
MOMENT = 0.8  # seconds for which another strength may be on its way before the page says so
SEED = 12  # its place among the inputs of `asked_task` after the names
REGION_FIELDS = 4
RESTORED = 17  # fields that a restored picture sets, besides those of regions and options


@dataclass(frozen=True)
class StyleTab:
    """The tab's components that others listen to. `history` is the session's list of `session.Result`."""

    sources: Sources
    methods: MethodPanel
    regions: RegionsPanel
    strength: gr.Slider
    go: gr.Button
    halt: gr.Button
    view: gr.HTML
    strip: gr.HTML
    history: gr.State
    task: gr.State  # the one last asked for

    @property
    def page(self) -> list[Any]:
        """What a run changes: the picture, the session's history and its strip."""
        return [self.view, self.history, self.strip]


def build_style(synthesis: SynthesisTab, demo: gr.Blocks, tab: gr.Tab) -> StyleTab:
    """Lay out the tab and connect its events."""
    history, task = gr.State([]), gr.State(None)
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
            view = viewer("style-view", EMPTY)
            gr.HTML("<h2>This session</h2>", js_on_load=None, elem_classes="section-title")
            strip = page_part("strip", session.history_value([]), elem_id="style-history", label="This session")
            restore = gr.UploadButton(
                "Open a picture made here", file_types=[".png"], size="sm", variant="secondary", elem_id="style-restore"
            )
    style = StyleTab(sources, methods, regions, strength, go, halt, view, strip, history, task)
    connect_methods(methods, demo, sources.kind)
    connect_regions(regions, sources.content, sources.style, sources.layout, sources.style_layout)
    connect_runs(style, synthesis)
    connect_restore(style, restore)
    connect_told(style, synthesis, told)
    sources.kind.change(lambda kind: gr.update(visible=kind != PAINTED), sources.kind, drawer, **INSTANT)
    tab.select(show_kind, painted_inputs(sources, synthesis), [sources.content_drop, sources.maker], **INSTANT)
    view.style(sent_style, history, sources.styles, **INSTANT)
    return style


def connect_sends(style: StyleTab, tabs: gr.Tabs, senders: Sequence[tuple[gr.HTML, gr.State]]) -> None:
    """Let parts of the page send a picture of theirs as content; each comes with the results that it shows."""
    for part, results in ((style.view, style.history), *senders):
        part.restyle(sent_content, results, [*style.sources.contents, tabs], **INSTANT)


def asked_inputs(style: StyleTab, synthesis: SynthesisTab) -> list[Any]:
    """The inputs of `asked_task` after the names of the options."""
    sources, methods = style.sources, style.methods
    return [
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
        *[methods.chosen, style.strength, methods.seed, *style.regions.fields, *methods.fields.values()],
    ]


def connect_runs(style: StyleTab, synthesis: SynthesisTab) -> None:
    """Let the button make the picture, Stop end that, and another strength change the picture that is shown."""
    stop, names = gr.State(None), gr.State(tuple(style.methods.fields))
    inputs = asked_inputs(style, synthesis)
    checked = style.go.click(
        prepare,
        [names, style.methods.random, *inputs],
        [style.task, stop, style.view, style.methods.seed, style.go, style.halt],
        **INSTANT,
    )
    run = checked.success(make_picture, [style.task, stop, style.history], style.page, **PAGE, **ONE_AT_A_TIME)
    run.failure(refuse, style.task, style.view, **INSTANT)
    run.then(ready, None, [style.go, style.halt], **INSTANT)
    style.halt.click(halt_run, stop, style.halt, **INSTANT)
    style.strength.input(
        restrength,
        [names, style.task, style.history, *inputs],
        [style.task, *style.page],
        **PAGE,
        **ONE_AT_A_TIME,
        trigger_mode="always_last",
    )


def asked_task(
    names: tuple[str, ...],
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
    seed: object,
    *fields: Any,
) -> Task:
    """The task that the fields ask for; `fields` are those of the regions, and then the options. Raises a fault."""
    if style is None or style_file is None:
        raise RequestError("There is no style picture yet; choose one of ours, or drop one.")
    if not method:
        raise RequestError("No method is at hand; pull one of those listed below.")
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 100:
        raise RequestError("The page sent no strength from 0 to 100; reload it.")
    options = options_of(names, fields[REGION_FIELDS:])
    look = Look(style, style_file, strength / 100, method, options, session.whole_seed(seed))
    if kind == PAINTED:
        return layout_task(painted_layout(value, origin), maker, look, style_layout)
    if content is None:
        raise RequestError("There is no content picture yet; drop one, or take the layout in the editor.")
    regions = chosen_regions(content, style, layout, style_layout, *fields[:REGION_FIELDS])
    return style_task(content, file, look, regions)


def prepare(names: tuple[str, ...], random: bool, *inputs: Any) -> list[Any]:
    """Check everything that was asked for, and show that the picture is on its way."""
    before, seed, rest = inputs[:SEED], inputs[SEED], inputs[SEED + 1 :]
    try:
        drawn = seed_for_run(seed, random)
        task = asked_task(names, *before, drawn, *rest)
    except session.FAULTS as error:
        warn(error)
        return [None, *[gr.skip()] * 5]
    waiting = shown_value(Result(task))
    return [task, threading.Event(), waiting, drawn, gr.update(visible=False), gr.update(visible=True)]


def make_picture(task: Task | None, stop: threading.Event, history: list[Result]) -> Iterator[list[Any]]:
    """Make the picture, showing how it comes on; once it is finished it enters the history."""
    for results in session.run([task] if task else [], stop):
        yield [gr.skip()] * 3 if results is None else after(results[0], history)


def after(result: Result, history: list[Result]) -> list[Any]:
    """What `StyleTab.page` becomes with a result, finished or not."""
    if result.state != "done":
        return [shown_value(result), gr.skip(), gr.skip()]
    PACE.learn(result)
    history = kept_first(history, [result])[: session.HISTORY]
    return [shown_value(result), history, session.history_value(history)]


def restrength(names: tuple[str, ...], task: Task | None, history: list[Result], *inputs: Any) -> Iterator[list[Any]]:
    """Show the picture of the page at another strength, if nothing else was changed and it takes but a moment."""
    try:
        wanted = asked_task(names, *inputs)
    except session.FAULTS:
        return  # the button says what is wrong
    if task is None or session.kept(history, task.key) is None or not is_live(task) or not alike(task, wanted):
        return  # something else was changed too, which waits for the button
    began = time.monotonic()
    for results in session.run([wanted], threading.Event()):
        if results is None:
            continue
        if results[0].state not in ("waiting", "running"):
            yield [wanted, *after(results[0], history)]
        elif time.monotonic() - began > MOMENT:
            yield [gr.skip(), *after(results[0], history)]


def refuse(task: Task | None) -> Any:
    """Say in the picture's place that its run was not accepted."""
    return gr.skip() if task is None else shown_value(session.refused([task])[0])


def ready() -> list[Any]:
    """Bring the button back."""
    return [gr.update(visible=True), gr.update(visible=False, value="Stop", interactive=True)]


def connect_restore(style: StyleTab, restore: gr.UploadButton) -> None:
    """Let the history and pictures made here bring back everything that they were made from."""
    sources, methods = style.sources, style.methods
    names = gr.State(tuple(methods.fields))
    fields = [
        *sources.contents,
        *sources.styles,
        *[methods.chosen, style.strength, methods.seed, methods.random, style.task, *style.page],
        *style.regions.fields,
        *methods.fields.values(),
    ]
    style.strip.choose(reopen, [names, style.history], fields, **INSTANT)
    restore.upload(open_file, [names, style.history, restore], fields, **INSTANT)


def reopen(names: tuple[str, ...], history: list[Result], event: gr.EventData) -> list[Any]:
    """Bring back the picture and the settings of one result of this session."""
    kept = session.kept(history, event_text(event, "key"))
    if kept is None or not Path(kept.path).is_file():
        warn(session.GONE)
        return [gr.skip()] * (RESTORED + REGION_FIELDS + len(names))
    return bring_back(names, history, kept)


def open_file(names: tuple[str, ...], history: list[Result], path: str) -> list[Any]:
    """Bring back the picture and all settings from a PNG that was made here."""
    try:
        result = with_pictures(session.restore(uploaded_bytes(path, "picture"), "style"))
    except (RecipeError, *session.FAULTS) as error:
        warn(error)
        return [gr.skip()] * (RESTORED + REGION_FIELDS + len(names))
    return bring_back(names, session.keep(history, [result]), result)


def bring_back(names: tuple[str, ...], history: list[Result], result: Result) -> list[Any]:
    """All settings of a finished picture, and the picture itself."""
    task, request = result.task, result.task.request
    assert isinstance(request, StyleRequest)
    at_hand = task.card.name in (known.name for known in catalogue.ready_cards("style"))
    if not at_hand:
        warn(f"Its method, {task.card.name}, is not at hand here; the other settings are back.")
    options = [request.options.get(name, gr.skip()) if at_hand else gr.skip() for name in names]
    return [
        *new_content(request.content, content_file(task)),
        *new_style(request.style, task.given[STYLE]),
        *[task.card.name if at_hand else gr.skip(), round(100 * request.strength), task.seed, False],
        *[task, shown_value(result), history, session.history_value(history)],
        *restored_regions(request),
        *options,
    ]


def connect_told(style: StyleTab, synthesis: SynthesisTab, told: gr.Markdown) -> None:
    """Keep the line up to date that tells the result's size and how long it will take."""
    sources, methods = style.sources, style.methods
    names = gr.State(tuple(methods.fields))
    inputs = [sources.kind, sources.content, sources.maker, synthesis.layout.editor, methods.chosen]
    changes = [sources.kind.change, sources.content.change, sources.maker.change, methods.chosen.change]
    changes += [style.history.change, *(field.change for field in methods.fields.values())]
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
    chosen = {name: str(value) for name, value in options_of(names, options).items()}
    spent = PACE.told(known, chosen, size)
    return f"The result will be {size[1]} × {size[0]}{f', in {spent}' if spent else ''}."


def layout_size(maker: str | None, value: object) -> tuple[int, int]:
    """(height, width) of the picture that a generator makes of the layout in the editor. Raises a fault."""
    layout: Card = card(catalogue.named_entry(maker or "").name)
    return layout.native_size or painted_layout(value, None).size
