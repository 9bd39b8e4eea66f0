"""The tab "Layout synthesis": a layout on the left, on the right what each chosen generator makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.layout import Layout
from sims.provenance import RecipeError
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.generator_panel import GeneratorPanel, build_generator_panel, seed_for_run
from sims.ui.layout_panel import LayoutPanel, build_layout_panel, fill
from sims.ui.layouts import describe, painted_layout, uploaded_bytes, uploaded_picture
from sims.ui.page_part import event_text, page_part

FIELDS = 9  # that a restored picture sets, besides one for each option
NO_HISTORY = "What you make in this session is kept here."


@dataclass(frozen=True)
class SynthesisTab:
    """What the other tabs use of this one. `history` is the session's list of `session.Result`."""

    layout: LayoutPanel
    generators: GeneratorPanel
    results: gr.HTML
    history: gr.State


def build_synthesis() -> SynthesisTab:
    """Lay out the tab and connect its events."""
    tasks, stop, history = gr.State([]), gr.State(None), gr.State([])
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=340, elem_classes="desk-left"):
            layout = build_layout_panel()
        with gr.Column(scale=7, min_width=340, elem_classes="desk-right"):
            generators = build_generator_panel("street")
            results = page_part("results", {"cards": []}, elem_id="results", label="Results")
            gr.HTML("<h2>This session</h2>", js_on_load=None, elem_classes="section-title")
            strip = page_part("strip", history_value([]), elem_id="history", label="This session")
            restore = gr.UploadButton(
                "Open a picture made here", file_types=[".png"], size="sm", variant="secondary", elem_id="restore"
            )
    generate, halt = generators.generate, generators.halt
    names = gr.State(tuple(generators.options))
    inputs = [layout.editor, layout.origin, generators.chosen, generators.style, generators.seed, generators.random]
    checked = gr.on(
        [generate.click, layout.editor.submit],
        prepare,
        [names, *inputs, *generators.options.values()],
        [tasks, stop, results, generators.seed, generate, halt],
        **INSTANT,
    )
    run = checked.success(make_pictures, [tasks, stop, history], [results, history, strip], **PAGE, **ONE_AT_A_TIME)
    run.failure(refuse, tasks, results, **INSTANT)
    run.then(rest, None, [generate, halt], **INSTANT)
    halt.click(halt_run, stop, halt, **INSTANT)

    settings = [layout.editor, layout.origin, layout.space, layout.note]
    settings += [generators.chosen, generators.style, generators.seed, generators.random]
    settings += [*generators.options.values(), results]
    strip.choose(reopen, [names, history], settings, **INSTANT)
    results.reuse(reopen, [names, history], settings, **INSTANT)
    restore.upload(open_file, [names, restore], settings, **INSTANT)
    generators.reuse.click(last_seed, history, [generators.seed, generators.random], **INSTANT)
    for filled in layout.fills:
        filled.success(follow_space, [layout.origin, generators.chosen], generators.chosen, **INSTANT)
    return SynthesisTab(layout, generators, results, history)


def prepare(
    option_names: tuple[str, ...],
    value: object,
    origin: Layout | None,
    names: list[str],
    style: str | None,
    seed: int | None,
    random: bool,
    *options: str,
) -> list[Any]:
    """Check everything that was asked for and show a waiting card for each generator."""
    try:
        seed = session.whole_seed(seed_for_run(seed, random))
        look = uploaded_picture(style) if style else None
        chosen = dict(zip(option_names, options, strict=True))
        tasks = session.plan(names, painted_layout(value, origin), seed=seed, style=look, options=chosen)
    except session.FAULTS as error:
        warn(error)
        return [[], *[gr.skip()] * 5]
    waiting = [session.Result(task) for task in tasks]
    return [tasks, threading.Event(), cards(waiting), seed, gr.update(visible=False), gr.update(visible=True)]


def make_pictures(
    tasks: list[session.Task], stop: threading.Event, history: list[session.Result]
) -> Iterator[tuple[Any, Any, Any]]:
    """Make the pictures one by one; each card shows its stages, and a finished picture enters the history."""
    for results in session.run(tasks, stop):
        if results is None:
            yield gr.skip(), gr.skip(), gr.skip()
            continue
        before, history = history, session.keep(history, results)
        news = history != before
        yield cards(results), history if news else gr.skip(), history_value(history) if news else gr.skip()


def refuse(tasks: list[session.Task]) -> dict[str, Any]:
    """Say on the cards that their run was not accepted."""
    return cards(session.refused(tasks))


def rest() -> list[Any]:
    """Bring the Generate button back."""
    return [gr.update(visible=True), gr.update(visible=False, value="Stop", interactive=True)]


def reopen(option_names: tuple[str, ...], history: list[session.Result], event: gr.EventData) -> list[Any]:
    """Bring back the picture and the settings of one result of this session."""
    kept = next((kept for kept in history if kept.task.key == event_text(event, "key")), None)
    if kept is None:
        warn("That picture is no longer in this session's history.")
        return [gr.skip()] * (FIELDS + len(option_names))
    return open_file(option_names, kept.path)


def open_file(option_names: tuple[str, ...], path: str) -> list[Any]:
    """Bring back the picture and all settings from a PNG that was made here."""
    try:
        result = session.restore(uploaded_bytes(path, "picture"))
    except (RecipeError, *session.FAULTS) as error:
        warn(error)
        return [gr.skip()] * (FIELDS + len(option_names))
    task, name = result.task, result.task.card.name
    note = f"Restored from a picture. {describe(task.request.layout)}"
    at_hand = name in (card.name for card in catalogue.ready_cards())
    if not at_hand:
        note += f" Its generator, {name}, is not at hand here."
    kept = task.request.options if at_hand else {}
    options = [kept.get(option, gr.skip()) for option in option_names]
    filled = fill(task.request.layout, note)
    style = None if task.request.style is None else session.picture_file(task.request.style)
    chosen = [name] if at_hand else gr.skip()
    return [*filled, chosen, style, task.seed, False, *options, cards([result])]


def last_seed(history: list[session.Result]) -> list[Any]:
    """The seed of the newest picture."""
    return [history[0].task.seed, False] if history else [gr.skip(), False]


def follow_space(layout: Layout, chosen: list[str]) -> Any:
    """Choose the generators of a new layout's label space, unless one of them is chosen already."""
    fitting = catalogue.fitting(catalogue.ready_cards(), layout.space.name)
    return gr.skip() if not fitting or set(fitting) & set(chosen) else fitting


def cards(results: list[session.Result]) -> dict[str, Any]:
    """The value of the page's cards."""
    return {"cards": [result.page_value() for result in results]}


def history_value(history: list[session.Result]) -> dict[str, Any]:
    """The value of the history strip."""
    items = [
        {
            "key": kept.task.key,
            "title": f"{kept.task.card.title}, seed {kept.task.seed}",
            "src": kept.thumbnail,
        }
        for kept in history
    ]
    return {"groups": [{"title": "", "items": items}] if items else [], "empty": NO_HISTORY}
