"""The choice of generators, what they are told, and how the others of the catalogue are pulled."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.generator import MAX_SEED, Card, Choice
from sims.ui import catalogue
from sims.ui.events import INSTANT, PAGE, warn
from sims.ui.layouts import uploaded_picture
from sims.ui.page_part import event_text, page_part
from sims.ui.session import FAULTS, new_seed, thumbnail
from zoo import ZooError

FAMILIES = {"sims": "SIMS", "spade": "SPADE", "crn": "CRN"}  # the others are written as they are called here
TITLES = {
    "completion": "Complete coarse layouts",
    "variety": "Segments of the memory",
    "rules": "Rules of composition",
    "statistics": "Batch statistics",
    "style_sampling": "Style from the picture",
}


@dataclass(frozen=True)
class GeneratorPanel:
    """The panel's components that others listen to."""

    chosen: gr.CheckboxGroup
    style: gr.File
    seed: gr.Number
    random: gr.Checkbox
    reuse: gr.Button
    generate: gr.Button
    halt: gr.Button
    options: dict[str, gr.Radio]
    offers: gr.HTML


def build_generator_panel(space: str) -> GeneratorPanel:
    """Lay out the panel; the generators of the label space `space` are chosen at first."""
    cards = catalogue.ready_cards()
    chosen = gr.CheckboxGroup(
        catalogue.choices(cards), value=catalogue.fitting(cards, space), label="Generators", elem_id="generators"
    )
    with gr.Row(elem_id="run-row"):
        seed = gr.Number(0, precision=0, minimum=0, maximum=MAX_SEED, label="Seed", min_width=120, elem_id="seed")
        random = gr.Checkbox(False, label="New seed each time", min_width=120, container=False, elem_id="random")
        reuse = gr.Button("Reuse last", size="sm", min_width=90, elem_id="reuse")
        generate = gr.Button("Generate", variant="primary", size="lg", min_width=180, elem_id="generate")
        halt = gr.Button("Stop", size="lg", min_width=180, visible=False, elem_id="stop")
    rows = catalogue.offers()
    with gr.Row(elem_classes="drawers"):
        with gr.Accordion("Options and style", open=False, elem_id="options"):
            style = gr.File(
                label="Style picture, for generators that take one",
                file_types=["image"],
                height=140,
                elem_id="style",
            )
            shown = page_part("strip", {}, elem_id="style-view", label="Style picture")
            style.change(show_style, style, shown, **INSTANT)
            with gr.Row(elem_id="option-fields"):
                options = {choice.name: option_field(choice, cards) for choice in catalogue.options(cards)}
        with gr.Accordion("More generators", open=False, elem_id="more"):
            offers = page_part(
                "catalogue", catalogue.offers_value(rows), elem_id="catalogue", label="Generators not at hand"
            )
    return GeneratorPanel(chosen, style, seed, random, reuse, generate, halt, options, offers)


def option_field(choice: Choice, cards: Iterable[Card]) -> gr.Radio:
    """The field of one option, which says whose it is."""
    families = {card.family for card in cards if choice.name in {known.name for known in card.options}}
    who = ", ".join(FAMILIES.get(family, family) for family in sorted(families))
    title = TITLES.get(choice.name, choice.name.replace("_", " ").capitalize())
    return gr.Radio(
        [(value.capitalize(), value) for value in choice.values],
        value=choice.default,
        label=f"{title} · {who}",
        info=choice.help,
        min_width=260,
        elem_id=f"option-{choice.name}",
    )


def show_style(path: str | None) -> dict[str, Any]:
    """The style picture in small, or why it cannot be used."""
    if path is None:
        return {}
    try:
        small = thumbnail(uploaded_picture(path))
    except FAULTS as error:
        return {"empty": str(error)}
    return {"groups": [{"title": "", "items": [{"key": "style", "title": "Style picture", "src": small}]}]}


def connect_pull(panel: GeneratorPanel, also: gr.CheckboxGroup, demo: gr.Blocks) -> None:
    """Let the Pull buttons work; what was pulled can then be chosen here and in `also`, by whoever opens the page."""
    stop = gr.State(None)
    demo.load(refresh, None, [panel.chosen, also, panel.offers], **INSTANT)
    panel.offers.pull(
        pull,
        panel.chosen,
        [panel.offers, panel.chosen, also, stop],
        **PAGE,
        concurrency_limit=1,
        concurrency_id="pull",
    )
    panel.offers.halt(halt_pull, stop, None, **INSTANT)


def refresh() -> list[Any]:
    """What can be chosen and what not, as it is when a page is opened: others may have pulled since the start."""
    choices = gr.update(choices=catalogue.choices(catalogue.ready_cards()))
    return [choices, choices, catalogue.offers_value(catalogue.offers())]


def pull(chosen: list[str], event: gr.EventData) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Pull one checkpoint of the catalogue, showing how far it is and what stops it; then choose its generator."""
    name, stop = event_text(event, "key"), threading.Event()
    try:
        for rows in catalogue.pull(name, stop):
            yield (gr.skip() if rows is None else catalogue.offers_value(rows)), gr.skip(), gr.skip(), stop
    except ZooError as error:
        warn(error)
        return
    cards = catalogue.ready_cards()
    if name in (card.name for card in cards):
        choices = catalogue.choices(cards)
        yield gr.skip(), gr.update(choices=choices, value=[*chosen, name]), gr.update(choices=choices), None


def halt_pull(stop: threading.Event | None) -> None:
    """Stop this session's pull at its next report."""
    if stop is not None:
        stop.set()


def seed_for_run(seed: int | None, random: bool) -> int | None:
    """The seed of the next run."""
    return new_seed() if random else seed
