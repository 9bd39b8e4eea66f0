"""The tab "Layout synthesis": a layout on the left, on the right what each chosen generator makes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sims.layout import Layout
from sims.provenance import RecipeError
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.generator_panel import GeneratorPanel, build_generator_panel, seed_for_run
from sims.ui.layout_panel import LayoutPanel, build_layout_panel, fill
from sims.ui.layouts import describe, painted_layout, uploaded_bytes, uploaded_picture
from sims.ui.page_part import event_text, page_part
from sims.ui.stages_panel import build_stages_panel, connect_stages

FIELDS = 13  # that a restored picture sets, besides one for each option


@dataclass(frozen=True)
class SynthesisTab:
    """What the other tabs use of this one. `history` is the session's list of `session.Result`."""

    layout: LayoutPanel
    generators: GeneratorPanel
    results: gr.HTML
    history: gr.State


@dataclass(frozen=True, eq=False)
class Picked:
    """Candidates that were chosen by hand for a layout, and mean nothing for any other."""

    layout: Layout
    candidates: str


def build_synthesis() -> SynthesisTab:
    """Lay out the tab and connect its events."""
    history, on_page = gr.State([]), gr.State([])
    with gr.Row(elem_classes="desk"):
        with gr.Column(scale=5, min_width=340, elem_classes="desk-left"):
            layout = build_layout_panel()
        with gr.Column(scale=7, min_width=340, elem_classes="desk-right"):
            generators = build_generator_panel("street")
            results = page_part("results", session.cards([]), elem_id="results", label="Results")
            gr.HTML("<h2>This session</h2>", js_on_load=None, elem_classes="section-title")
            strip = page_part("strip", session.history_value([]), elem_id="history", label="This session")
            restore = gr.UploadButton(
                "Open a picture made here", file_types=[".png"], size="sm", variant="secondary", elem_id="restore"
            )
    stages = build_stages_panel()
    picked = gr.State(None)
    connect_runs(layout, generators, results, strip, history, on_page, picked)
    connect_stages(stages, results, history, strip, on_page)

    names = gr.State(tuple(generators.options))
    settings = [layout.editor, layout.origin, layout.space, layout.note]
    settings += [generators.chosen, generators.style, generators.seed, generators.random]
    settings += [picked, results, on_page, history, strip, *generators.options.values()]
    strip.choose(reopen, [names, history], settings, **INSTANT)
    results.reuse(reopen, [names, history], settings, **INSTANT)
    restore.upload(open_file, [names, history, restore], settings, **INSTANT)
    generators.reuse.click(last_seed, history, [generators.seed, generators.random], **INSTANT)
    for filled in layout.fills:
        filled.success(follow_space, [layout.origin, generators.chosen], [generators.chosen, picked], **INSTANT)
    return SynthesisTab(layout, generators, results, history)


def connect_runs(
    layout: LayoutPanel,
    generators: GeneratorPanel,
    results: gr.HTML,
    strip: gr.HTML,
    history: gr.State,
    on_page: gr.State,
    picked: gr.State,
) -> None:
    """Let the button Generate, and a card's Diverse, make pictures one after another, and Stop end that."""
    tasks, stop, names = gr.State([]), gr.State(None), gr.State(tuple(generators.options))
    generate, halt = generators.generate, generators.halt
    inputs = [layout.editor, layout.origin, generators.chosen, generators.style, generators.seed, generators.random]
    started = [tasks, stop, results, generators.seed, generate, halt]
    asked = gr.on(
        [generate.click, layout.editor.submit],
        prepare,
        [names, picked, *inputs, *generators.options.values()],
        started,
        **INSTANT,
    )
    drawn = results.diverse(prepare_diverse, history, started, **INSTANT)
    for checked in (asked, drawn):
        run = checked.success(
            make_pictures, [tasks, stop, history], [results, on_page, history, strip], **PAGE, **ONE_AT_A_TIME
        )
        run.failure(refuse, tasks, results, **INSTANT)
        run.then(rest, None, [generate, halt], **INSTANT)
    halt.click(halt_run, stop, halt, **INSTANT)


def prepare(
    option_names: tuple[str, ...],
    picked: Picked | None,
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
        chosen, layout = dict(zip(option_names, options, strict=True)), painted_layout(value, origin)
        if picked is not None and picked.layout.space == layout.space and np.array_equal(picked.layout.ids, layout.ids):
            chosen[session.CANDIDATES] = picked.candidates
        tasks = session.plan(names, layout, seed=seed, style=look, options=chosen)
    except session.FAULTS as error:
        warn(error)
        return [[], *[gr.skip()] * 5]
    return start(tasks, seed)


def prepare_diverse(history: list[session.Result], event: gr.EventData) -> list[Any]:
    """Show a waiting card for each of five pictures of one's layout, their segments drawn from the memory."""
    kept = session.kept(history, event_text(event, "key"))
    try:
        if kept is None:
            raise session.RequestError(session.GONE)
        return start(session.diverse(kept.task), gr.skip())
    except session.FAULTS as error:
        warn(error)
        return [[], *[gr.skip()] * 5]


def start(tasks: list[session.Task], seed: Any) -> list[Any]:
    """Waiting cards, and a Stop button for what is about to be made."""
    waiting = session.cards([session.Result(task) for task in tasks])
    return [tasks, threading.Event(), waiting, seed, gr.update(visible=False), gr.update(visible=True)]


def make_pictures(
    tasks: list[session.Task], stop: threading.Event, history: list[session.Result]
) -> Iterator[list[Any]]:
    """Make the pictures one by one; each card shows its stages, and a finished picture enters the history."""
    for results in session.run(tasks, stop):
        if results is None:
            yield [gr.skip()] * 4
            continue
        before, history = history, session.keep(history, results)
        changed = [history, session.history_value(history)] if history != before else [gr.skip()] * 2
        yield [session.cards(results), results, *changed]


def refuse(tasks: list[session.Task]) -> dict[str, Any]:
    """Say on the cards that their run was not accepted."""
    return session.cards(session.refused(tasks))


def rest() -> list[Any]:
    """Bring the Generate button back."""
    return [gr.update(visible=True), gr.update(visible=False, value="Stop", interactive=True)]


def reopen(option_names: tuple[str, ...], history: list[session.Result], event: gr.EventData) -> list[Any]:
    """Bring back the picture and the settings of one result of this session."""
    kept = session.kept(history, event_text(event, "key"))
    if kept is None or not Path(kept.path).is_file():
        warn(session.GONE)
        return [gr.skip()] * (FIELDS + len(option_names))
    return bring_back(option_names, history, kept)


def open_file(option_names: tuple[str, ...], history: list[session.Result], path: str) -> list[Any]:
    """Bring back the picture and all settings from a PNG that was made here."""
    try:
        result = session.restore(uploaded_bytes(path, "picture"))
    except (RecipeError, *session.FAULTS) as error:
        warn(error)
        return [gr.skip()] * (FIELDS + len(option_names))
    return bring_back(option_names, session.keep(history, [result]), result)


def bring_back(option_names: tuple[str, ...], history: list[session.Result], result: session.Result) -> list[Any]:
    """All settings of a finished picture, and the picture itself as the only card."""
    task, name = result.task, result.task.card.name
    layout = task.layout_request.layout
    note = f"Restored from a picture. {describe(layout)}"
    at_hand = name in (card.name for card in catalogue.ready_cards())
    if not at_hand:
        note += f" Its generator, {name}, is not at hand here."
    kept = task.request.options if at_hand else {}
    options = [kept.get(option, gr.skip()) for option in option_names]
    style = None if task.layout_request.style is None else session.picture_file(task.layout_request.style)
    candidates = kept.get(session.CANDIDATES, "")
    return [
        *fill(layout, note),
        *[[name] if at_hand else gr.skip(), style, task.seed, False],
        *[Picked(layout, candidates) if candidates else None, session.cards([result]), [result]],
        *[history, session.history_value(history)],
        *options,
    ]


def last_seed(history: list[session.Result]) -> list[Any]:
    """The seed of the newest picture."""
    return [history[0].task.seed, False] if history else [gr.skip(), False]


def follow_space(layout: Layout, chosen: list[str]) -> list[Any]:
    """Choose the generators of a new layout's label space, unless one of them is chosen already; forget candidates."""
    cards = catalogue.ready_cards()
    knowing = {card.name for card in cards if card.label_space == layout.space.name}
    fitting = catalogue.fitting(cards, layout.space.name)
    return [gr.skip() if not fitting or knowing & set(chosen) else fitting, None]
