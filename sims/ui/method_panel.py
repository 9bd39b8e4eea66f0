"""The choice of one method among those of a task, what it is told, and how the others are pulled."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.generator import MAX_SEED, Card, Choice
from sims.ui import catalogue
from sims.ui.events import INSTANT, PAGE, warn
from sims.ui.generator_panel import halt_pull
from sims.ui.page_part import event_text, page_part
from sims.ui.style_sources import PAINTED
from zoo import ZooError

METHODS: Mapping[str, str] = {
    "photo_wct": "Photorealistic",
    "vgg": "Neural, after Gatys",
    "steerable": "Steerable pyramid",
}
HELP = {  # shorter than what a command line says, where a person sees the result at once
    "smoothing": "How the content's edges come back",
    "post_filter": "Fit the colours to the content once more",
}
TITLES = {"seconds": "Seconds at most"}
SEED = "seed"
# What changes nothing in a task of a family, and is not shown then: options, and the seed.
IDLE: Mapping[tuple[str, str], frozenset[str]] = {
    ("photo_wct", "style"): frozenset({SEED}),
    ("vgg", "texture"): frozenset({"start", "content_layer"}),
}
IDLE_BESIDE = {"post_filter": ("smoothing", "off")}  # an option that changes nothing beside this value of another


@dataclass(frozen=True)
class MethodPanel:
    """The panel's components that others listen to. `fields` are those of the options, by name."""

    task: str
    chosen: gr.Radio
    fields: dict[str, Any]
    seed: gr.Number
    random: gr.Checkbox
    offers: gr.HTML


def build_method_panel(task: str) -> MethodPanel:
    """Lay out the panel for a task, a key of `sims.requests.REQUESTS`; the first method is chosen."""
    cards = catalogue.ready_cards(task)
    first = cards[0] if cards else None
    chosen = gr.Radio(
        method_choices(cards), value=first.name if first else None, label="Method", elem_id=f"{task}-method"
    )
    shown = telling(task, first, {}) if first else set()
    with gr.Row(elem_id=f"{task}-options", elem_classes="method-options"):
        choices = catalogue.options(cards, patterns=True)
        fields = {choice.name: option_field(task, choice, choice.name in shown) for choice in choices}
        seed = gr.Number(
            0,
            precision=0,
            minimum=0,
            maximum=MAX_SEED,
            label="Seed",
            min_width=110,
            visible=SEED in shown,
            elem_id=f"{task}-seed",
        )
        random = gr.Checkbox(
            False, label="New seed each time", min_width=110, visible=SEED in shown, elem_id=f"{task}-random"
        )
    with gr.Accordion("More methods", open=False, elem_id=f"{task}-more"):
        rows = catalogue.offers_value(catalogue.offers(task))
        offers = page_part("catalogue", rows, elem_id=f"{task}-catalogue", label="Methods not at hand")
    return MethodPanel(task, chosen, fields, seed, random, offers)


def option_field(task: str, choice: Choice, visible: bool) -> gr.Radio | gr.Dropdown:
    """The field of one option: its values, or besides them whatever text it accepts."""
    title = TITLES.get(choice.name, choice.name.replace("_", " ").capitalize())
    ordered = sorted(choice.values, key=int) if all(map(str.isdecimal, choice.values)) else choice.values
    values = [(value.capitalize(), value) for value in ordered]
    told, name = HELP.get(choice.name, choice.help), f"{task}-option-{choice.name}"
    told = told[0].upper() + told[1:]
    if not choice.pattern:
        return gr.Radio(
            values, value=choice.default, label=title, info=told, visible=visible, min_width=150, elem_id=name
        )
    return gr.Dropdown(
        values,
        value=choice.default,
        allow_custom_value=True,
        label=title,
        info=f"{told}: {choice.accepted()}",
        visible=visible,
        min_width=150,
        elem_id=name,
    )


def method_choices(cards: Iterable[Card]) -> list[tuple[str, str]]:
    """(title, name) of each method, with that of its network where there are several."""
    cards = list(cards)
    families = [card.family for card in cards]
    choices = []
    for card in cards:
        method = METHODS.get(card.family, card.title)
        several = families.count(card.family) > 1 and method != card.title
        choices.append((f"{method} · {card.title}" if several else method, card.name))
    return choices


def connect_methods(panel: MethodPanel, demo: gr.Blocks, content: gr.Radio | None = None) -> None:
    """Show the chosen method's options, let the Pull buttons work, and look again when a page is opened.

    `content` says what is restyled, where that may be a layout: its picture depends on the seed whatever the method.
    """
    task, names, stop = gr.State(panel.task), gr.State(tuple(panel.fields)), gr.State(None)
    fields = list(panel.fields.values())
    kind = content or gr.State(None)
    listened = [panel.chosen, *([content] if content else [])]
    listened += [panel.fields[name] for name, _ in IDLE_BESIDE.values() if name in panel.fields]
    gr.on(
        [each.change for each in listened],
        show_options,
        [task, names, kind, panel.chosen, *fields],
        [*fields, panel.seed, panel.random],
        **INSTANT,
        trigger_mode="always_last",
    )
    demo.load(refresh, task, [panel.chosen, panel.offers], **INSTANT)
    panel.offers.pull(
        pull,
        task,
        [panel.offers, panel.chosen, stop],
        **PAGE,
        concurrency_limit=1,
        concurrency_id="pull",
    )
    panel.offers.halt(halt_pull, stop, None, **INSTANT)


def options_of(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """The options by name, of the fields' values in their order."""
    return dict(zip(names, values, strict=True))


def show_options(task: str, names: Sequence[str], kind: str | None, chosen: str | None, *values: Any) -> list[Any]:
    """Show the fields that change anything in the chosen method, and then the two of the seed."""
    known = next((each for each in catalogue.ready_cards(task) if each.name == chosen), None)
    shown = telling(task, known, options_of(names, values)) if known else set()
    seeded = kind == PAINTED or SEED in shown
    return [*(gr.update(visible=name in shown) for name in names), *[gr.update(visible=seeded)] * 2]


def telling(task: str, known: Card, options: Mapping[str, Any]) -> set[str]:
    """The options that change anything in what this generator makes beside the values of `options`; so may the seed."""
    given = {choice.name: choice.default for choice in known.options} | dict(options)
    idle = {name for name, (other, value) in IDLE_BESIDE.items() if given.get(other) == value}
    return {SEED, *(choice.name for choice in known.options)} - idle - IDLE.get((known.family, task), frozenset())


def refresh(task: str) -> list[Any]:
    """What can be chosen and what not, as it is when a page is opened: others may have pulled since the start."""
    choices = gr.update(choices=method_choices(catalogue.ready_cards(task)))
    return [choices, catalogue.offers_value(catalogue.offers(task))]


def pull(task: str, event: gr.EventData) -> Iterator[tuple[Any, Any, Any]]:
    """Pull one checkpoint of the catalogue, showing how far it is and what stops it; then choose its method."""
    name, stop = event_text(event, "key"), threading.Event()
    try:
        for rows in catalogue.pull(name, stop, task):
            yield (gr.skip() if rows is None else catalogue.offers_value(rows)), gr.skip(), stop
    except ZooError as error:
        warn(error)
        return
    cards = catalogue.ready_cards(task)
    if name in (card.name for card in cards):
        yield gr.skip(), gr.update(choices=method_choices(cards), value=name), None
