"""The tab "Compare": generators in columns, layouts, seeds or styles in rows, and any two pictures in one place."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.generator import MAX_SEED, RequestError
from sims.layout import Layout
from sims.ui import catalogue, session
from sims.ui.comparison import MAX_ROWS, RowRequest, add, plan_rows, sheet_file, sheet_value
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, halt_run, warn
from sims.ui.layouts import painted_layout, uploaded_picture
from sims.ui.page_part import event_text, page_part
from sims.ui.samples import sample_layout, samples
from sims.ui.synthesis import SynthesisTab

ROWS = {"Seeds": "seeds", "Layouts": "layouts", "Style pictures": "styles"}
PAINTED = "painted"  # the choice that stands for the layout in the editor


@dataclass(frozen=True)
class CompareTab:
    """What the other tabs use of this one. `results` is the sheet's list of `session.Result`."""

    generators: gr.CheckboxGroup
    results: gr.State
    sheet: gr.HTML
    export: gr.DownloadButton


def build_compare(synthesis: SynthesisTab) -> CompareTab:
    """Lay out the tab and connect its events."""
    tasks, stop, results = gr.State([]), gr.State(None), gr.State([])
    cards = catalogue.ready_cards()
    layouts = [("The layout in the editor", PAINTED), *((item.title, key) for key, item in samples().items())]
    generators = gr.CheckboxGroup(
        catalogue.choices(cards),
        value=catalogue.fitting(cards, "street"),
        label="Generators, one column each",
        elem_id="compare-generators",
    )
    with gr.Row(elem_id="compare-what"):
        kind = gr.Radio(
            list(ROWS.items()), value="seeds", label="One row each for", min_width=300, elem_id="compare-rows"
        )
        seed = gr.Number(
            0, precision=0, minimum=0, maximum=MAX_SEED, label="Seed", min_width=110, elem_id="compare-seed"
        )
        count = gr.Slider(1, MAX_ROWS, 3, step=1, label="Number of seeds", min_width=260, elem_id="compare-count")
        chosen = gr.Dropdown(
            layouts,
            value=[PAINTED],
            multiselect=True,
            max_choices=MAX_ROWS,
            label="Layouts",
            min_width=260,
            visible=False,
            elem_id="compare-layouts",
        )
        styles = gr.File(
            label="Style pictures",
            file_count="multiple",
            file_types=["image"],
            min_width=260,
            height=140,
            visible=False,
            elem_id="compare-styles",
        )
    with gr.Row(elem_id="compare-buttons"):
        go = gr.Button("Compare", variant="primary", elem_id="compare-go")
        halt = gr.Button("Stop", visible=False, elem_id="compare-stop")
        export = gr.DownloadButton("Export as PNG", size="sm", interactive=False, elem_id="compare-export")
        clear = gr.Button("Clear", size="sm", elem_id="compare-clear")
    sheet = page_part("sheet", sheet_value([]), elem_id="sheet", label="Comparison", uses="pair")

    kind.change(show_rows, kind, [count, chosen, styles], **INSTANT)
    layout = synthesis.layout
    inputs = [layout.editor, layout.origin, generators, kind, seed, count, chosen, styles]
    checked = go.click(prepare_sheet, inputs, [tasks, stop, sheet, go, halt], **INSTANT)
    run = checked.success(make_sheet, [tasks, stop], [results, sheet], **PAGE, **ONE_AT_A_TIME)
    run.failure(refuse_sheet, tasks, sheet, **INSTANT)
    run.then(end_sheet, results, [export, go, halt], **INSTANT)
    halt.click(halt_run, stop, halt, **INSTANT)
    clear.click(clear_sheet, None, [results, sheet, export], **INSTANT)
    return CompareTab(generators, results, sheet, export)


def connect_send(synthesis: SynthesisTab, compare: CompareTab, tabs: gr.Tabs) -> None:
    """Let the cards of the synthesis tab send their picture to the comparison."""
    synthesis.results.compare(
        send,
        [synthesis.history, compare.results],
        [compare.results, compare.sheet, compare.export, tabs],
        **INSTANT,
    )


def show_rows(kind: str) -> list[Any]:
    """Show the fields of one kind of rows."""
    return [gr.update(visible=kind == name) for name in ROWS.values()]


def row_requests(
    kind: str, layout: Layout, seed: int, count: int, keys: Sequence[str], styles: Sequence[str]
) -> list[RowRequest]:
    """The rows that were asked for. Raises `RequestError`, `LayoutError` or `ImageError`."""
    if kind == "seeds":
        if not 1 <= count <= MAX_ROWS or seed + count - 1 > MAX_SEED:
            raise RequestError(f"Compare 1 to {MAX_ROWS} seeds, none of them above {MAX_SEED}.")
        return [RowRequest(layout, seed + step) for step in range(int(count))]
    if kind == "layouts":
        return [RowRequest(layout if key == PAINTED else sample_layout(key), seed) for key in keys[: MAX_ROWS + 1]]
    if len(styles) > MAX_ROWS:
        raise RequestError(f"Those are {len(styles)} style pictures; give at most {MAX_ROWS}.")
    looks = [uploaded_picture(path) for path in styles]
    return [RowRequest(layout, seed, look) for look in looks]


def prepare_sheet(
    value: object,
    origin: Layout | None,
    names: list[str],
    kind: str,
    seed: int | None,
    count: int,
    keys: list[str],
    styles: list[str] | None,
) -> list[Any]:
    """Check everything that was asked for and lay out the sheet with waiting cells."""
    try:
        whole = session.whole_seed(seed)
        rows = row_requests(kind, painted_layout(value, origin), whole, count, keys, styles or [])
        tasks = plan_rows(names, rows, {})
    except session.FAULTS as error:
        warn(error)
        return [[], *[gr.skip()] * 4]
    waiting = [session.Result(task) for task in tasks]
    return [tasks, threading.Event(), sheet_value(waiting), gr.update(visible=False), gr.update(visible=True)]


def make_sheet(tasks: list[session.Task], stop: threading.Event) -> Iterator[tuple[Any, Any]]:
    """Make the pictures one by one, filling the sheet."""
    for results in session.run(tasks, stop):
        yield (gr.skip(), gr.skip()) if results is None else (results, sheet_value(results))


def refuse_sheet(tasks: list[session.Task]) -> dict[str, Any]:
    """Say in the cells that their run was not accepted."""
    return sheet_value(session.refused(tasks))


def end_sheet(results: list[session.Result]) -> list[Any]:
    """Offer the finished sheet as a file and bring the Compare button back."""
    return [export_update(results), gr.update(visible=True), gr.update(visible=False, value="Stop", interactive=True)]


def clear_sheet() -> list[Any]:
    """Take everything off the sheet."""
    return [[], sheet_value([]), export_update([])]


def send(history: list[session.Result], results: list[session.Result], event: gr.EventData) -> list[Any]:
    """Put one picture of this session onto the sheet and show the sheet."""
    kept = session.kept(history, event_text(event, "key"))
    if kept is None:
        warn(session.GONE)
        return [gr.skip()] * 4
    try:
        results = add(results, kept)
    except RequestError as error:
        warn(error)
        return [gr.skip()] * 4
    return [results, sheet_value(results), export_update(results), gr.update(selected="compare")]


def export_update(results: Sequence[session.Result]) -> dict[str, Any]:
    """The export button with the sheet as it is now."""
    done = any(result.state == "done" for result in results)
    return gr.update(value=sheet_file(results) if done else None, interactive=done)
