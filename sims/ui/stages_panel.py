"""The stages view below the results: what SIMS found and did for a picture, and other candidates to choose."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from sims.ui import session
from sims.ui.events import INSTANT, ONE_AT_A_TIME, PAGE, warn
from sims.ui.page_part import event_number, event_text, page_part
from sims.ui.stages import Staged, candidates_value, first_selected, staged, stages_value, with_choice
from sims.ui.work import Work

log = logging.getLogger("sims")


@dataclass(frozen=True)
class StagesPanel:
    """The panel's components. `shown` holds the `Staged` that is open, or None; `selected` a segment's number."""

    view: gr.HTML
    candidates: gr.HTML
    shown: gr.State
    selected: gr.State


def build_stages_panel() -> StagesPanel:
    """Lay out the panel, which is empty until something is opened."""
    with gr.Row(elem_id="stages-desk"):
        with gr.Column(scale=8, min_width=320, elem_id="stages-left"):
            view = page_part("stages", {}, elem_id="stages", label="Stages", uses="outline")
        with gr.Column(scale=5, min_width=320, elem_id="stages-right"):
            candidates = page_part("candidates", {}, elem_id="candidates", label="Candidates")
    return StagesPanel(view, candidates, gr.State(None), gr.State(0))


def connect_stages(panel: StagesPanel, results: gr.HTML, history: gr.State, strip: gr.HTML, on_page: gr.State) -> None:
    """Let cards open their stages, and the stages change pictures. `on_page` are the `session.Result` of the cards."""
    wanted = gr.State(None)
    parts = [panel.view, panel.candidates, panel.shown, panel.selected]
    open_now = [panel.shown, panel.selected]
    announced = results.stages(announce, history, [*parts, wanted], **INSTANT)
    looked = announced.success(look, wanted, parts, **PAGE, **ONE_AT_A_TIME)
    looked.failure(close, None, parts, **INSTANT)
    # Who goes through the segments quickly sees the candidates of the last one.
    panel.view.select(select, panel.shown, [panel.candidates, panel.selected], **INSTANT, trigger_mode="always_last")
    panel.view.close(close, None, parts, **INSTANT)
    for part in (panel.view, panel.candidates):
        chosen = part.choose(
            choose,
            [*open_now, history, on_page],
            [*parts, results, history, strip, on_page],
            **PAGE,
            **ONE_AT_A_TIME,
        )
        chosen.failure(again, open_now, panel.candidates, **INSTANT)


def announce(history: list[session.Result], event: gr.EventData) -> list[Any]:
    """Show at once that the stages of a picture are being opened."""
    kept = session.kept(history, event_text(event, "key"))
    if kept is None or not session.has_stages(kept.task.card):
        warn(session.GONE if kept is None else f"{kept.task.card.title} works without a memory and has no stages.")
        return [*[gr.skip()] * 4, None]
    return [{"card": kept.page_value(), "waiting": "Waiting"}, {}, None, 0, kept]


def look(wanted: session.Result | None) -> Iterator[list[Any]]:
    """Open the stages of a finished picture; where they are no longer kept they are gone through again."""
    if wanted is None:
        return
    work = Work(partial(staged, wanted), threading.Event())
    for news in work.reports():
        yield [{"card": wanted.page_value(), "waiting": work.what} if news else gr.skip(), *[gr.skip()] * 3]
    try:
        shown = work.result()
        yield views(shown, first_selected(shown.stages))
    except session.FAULTS as error:
        warn(error)
        yield close()
    except Exception:
        log.exception("the stages of %s failed", wanted.task.card.name)
        warn(f"The stages of {wanted.task.card.title} cannot be shown; the server's log says why.")
        yield close()


def views(shown: Staged, selected: int) -> list[Any]:
    """What the parts and the states become."""
    return [stages_value(shown, selected), candidates_value(shown, selected), shown, selected]


def close() -> list[Any]:
    """Put the stages away."""
    return [{}, {}, None, 0]


def select(shown: Staged | None, event: gr.EventData) -> list[Any]:
    """Show one segment's candidates."""
    try:
        opened, number = _segment(shown, event, least=1)
        return [candidates_value(opened, number), number]
    except session.FAULTS as error:
        warn(error)
        return [gr.skip(), gr.skip()]


def _segment(shown: Staged | None, event: gr.EventData, least: int) -> tuple[Staged, int]:
    """What is open, and the segment that an event names, which there is."""
    if shown is None:
        raise session.RequestError("No stages are open; open those of a picture first.")
    return shown, event_number(event, "segment", least, len(shown.stages.segments))


def choose(
    shown: Staged | None,
    selected: int,
    history: list[session.Result],
    on_page: list[session.Result],
    event: gr.EventData,
) -> list[Any]:
    """Make the picture with another candidate; it takes the open one's place, and is a card and in the history.

    The event names a segment and the rank of its candidate. Rank -1 takes the choice back, for segment 0 all choices.
    """
    try:
        opened, number = _segment(shown, event, least=0)
        rank = event_number(event, "rank", -1, 9 if number else -1)
        task = with_choice(opened, number, None if rank < 0 else rank)
        made = [step for step in session.run([task], threading.Event()) if step][-1][0]
        if made.state != "done":
            raise session.RequestError(made.error)
        parts = views(staged(made, before=opened), number or selected)
    except session.FAULTS as error:
        warn(error)
        return [gr.skip(), again(shown, selected), *[gr.skip()] * 6]
    history, on_page = session.keep(history, [made]), beside(on_page, opened, made)
    return [*parts, session.cards(on_page), history, session.history_value(history), on_page]


def again(shown: Staged | None, selected: int) -> Any:
    """Draw the candidates anew, so that one can be chosen after another was refused."""
    return gr.skip() if shown is None else {**candidates_value(shown, selected), "refused": session.new_seed()}


def beside(on_page: Sequence[session.Result], shown: Staged, made: session.Result) -> list[session.Result]:
    """The cards with a new one: in the place of the one that was made here before, else as the last."""
    keys = [result.task.key for result in on_page]
    if shown.made_here and shown.result.task.key in keys:
        place = keys.index(shown.result.task.key)
        return [*on_page[:place], made, *on_page[place + 1 :]]
    return [*on_page, made]
