"""The second style on the page: its seed, and whether it comes in by a soft step, by a painted mask, or by levels."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.cips_generator import grid_of
from sims.generator import MAX_SEED, Card, GridRequest
from sims.grid import Grid
from sims.ui import catalogue
from sims.ui.blending import MIXED, OFF, PAINTED, START, STEP, WAYS, mask_text, placed, way_of
from sims.ui.events import INSTANT, warn
from sims.ui.page_part import event_number, file_value, page_part
from sims.ui.painting import mask_size
from sims.ui.panorama_latent import LatentPart, build_latent
from sims.ui.session import FAULTS, Result

_loads = itertools.count(1)


@dataclass(frozen=True)
class SecondPanel:
    """The components. `fields` are in the order of `sims.ui.painting.Wanted`, the mask's part among them.

    `loaded` holds the mask of a picture that was opened again, as `load_of` gives it.
    """

    way: gr.Radio
    seed: gr.Number
    latent: LatentPart
    centre: gr.Slider
    spread: gr.Slider
    softness: gr.Slider
    mask: gr.HTML
    first: gr.Slider
    last: gr.Slider
    about: gr.Row
    step: gr.Row
    place: gr.Column
    levels: gr.Row
    loaded: gr.State

    @property
    def fields(self) -> list[Any]:
        """What a run reads."""
        return [
            *[self.seed, self.latent.state, self.way, self.centre, self.spread, self.softness],
            *[self.mask, self.first, self.last],
        ]

    @property
    def groups(self) -> list[Any]:
        """What is shown or hidden, in the order of `show_way`."""
        return [self.about, self.step, self.place, self.levels]


def build_second(known: Card | None) -> SecondPanel:
    """Lay out the panel for the generator that is chosen at first; no second style is asked for."""
    way = gr.Radio(
        list(WAYS.items()),
        value=OFF,
        label="A second style comes in by",
        show_label=False,
        container=False,
        elem_id="panorama-way",
    )
    with gr.Row(visible=False, elem_id="panorama-second", elem_classes="panorama-seeds") as about:
        seed = gr.Number(
            1, precision=0, minimum=0, maximum=MAX_SEED, label="Second seed", elem_id="panorama-second-seed"
        )
        latent = build_latent("panorama-second-latent", "the second style")
    with gr.Row(visible=False, elem_id="panorama-step") as step:
        centre, spread, softness = (
            gr.Slider(0, 100, start, step=1, label=name, min_width=130, elem_id=f"panorama-{name.lower()}")
            for name, start in zip(("Centre", "Width", "Softness"), START, strict=True)
        )
    with gr.Column(visible=False) as place:
        mask = page_part(
            "panorama_mask", mask_value(known, None, OFF, START), elem_id="panorama-mask", label="Mask", uses="grey_png"
        )
    with gr.Row(visible=False, elem_id="panorama-levels") as levels:
        most = known.levels if known else 1
        first, last = (
            gr.Slider(1, most, start, step=1, label=f"{name} level", min_width=130, elem_id=f"panorama-{name.lower()}")
            for name, start in (("First", 1), ("Last", max(1, most // 2)))
        )
    groups = (about, step, place, levels)
    return SecondPanel(way, seed, latent, centre, spread, softness, mask, first, last, *groups, loaded=gr.State(None))


def connect_second(panel: SecondPanel, chosen: gr.Radio, shown: gr.State) -> None:
    """Show what belongs to the way that is chosen; `shown` holds the `Result` on the page, which masks lie on."""
    gr.on([panel.way.change], show_way, panel.way, panel.groups, **INSTANT)
    steps = [panel.centre, panel.spread, panel.softness]
    changes = [panel.way.change, shown.change, chosen.change, *(field.change for field in steps)]
    inputs = [chosen, shown, panel.loaded, panel.mask, panel.way, *steps]
    gr.on(changes, show_mask, inputs, panel.mask, **INSTANT, trigger_mode="always_last")
    panel.mask.band(move_step, None, panel.centre, **INSTANT)
    chosen.change(show_levels, chosen, [panel.first, panel.last], **INSTANT)


def show_way(way: str) -> list[Any]:
    """Which groups of fields are there."""
    there = (way != OFF, way == STEP, way in (STEP, PAINTED), way == MIXED)
    return [gr.update(visible=each) for each in there]


def move_step(event: gr.EventData) -> Any:
    """The centre of a step, in percent, that was moved on its picture."""
    try:
        return event_number(event, "centre", 0, 100)
    except FAULTS as error:
        warn(error)
        return gr.skip()


def show_levels(name: str | None) -> list[Any]:
    """The levels of another generator."""
    known = card_of(name)
    if known is None:
        return [gr.skip()] * 2
    return [gr.update(maximum=known.levels, value=level) for level in (1, max(1, known.levels // 2))]


def show_mask(
    name: str | None, shown: Result | None, loaded: Mapping[str, Any] | None, before: object, way: str, *step: object
) -> dict[str, Any]:
    """The place where the second style is seen or painted; what is painted there `before` stays."""
    painted = before if isinstance(before, dict) else {}
    kept = {key: painted[key] for key in ("mask", "over") if isinstance(painted.get(key), str)}
    return {**mask_value(card_of(name), shown, way, step, loaded), **kept}


def mask_value(
    known: Card | None, shown: Result | None, way: str, step: tuple[object, ...], load: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The value of the mask's part, over the picture `shown` if that is the generator's own.

    A `load`, of `load_of`, takes the place of what was painted, once. The part adds the "mask" that is painted, and
    the "key" of the load that this was painted "over".
    """
    around = known is not None and known.geometry == "cylinder"
    behind = None
    if shown is not None and shown.state == "done" and known is not None and shown.task.card.name == known.name:
        request = shown.task.request
        assert isinstance(request, GridRequest)
        asked = grid_of(known, request)
        around = around or (isinstance(asked, Grid) and asked.around)
        if isinstance(asked, Grid):
            behind = {"file": file_value(shown.path), "placed": placed(asked)}
    return {
        "size": list(mask_size(known)) if known else [256, 1024],
        "wraps": around,
        "paints": way != STEP,
        "step": [each / 100 if isinstance(each, int | float) else 0 for each in step],
        "behind": behind,
        "load": load,
    }


def load_of(result: Result, wraps: bool) -> dict[str, str] | None:
    """The mask that was painted for a picture which is opened again, with a key of its own; None if none was."""
    request = result.task.request
    assert isinstance(request, GridRequest)
    if request.mask is None or way_of(request, wraps)[0] != PAINTED:
        return None
    return {"key": f"{result.task.key}.{next(_loads)}", "mask": mask_text(request.mask)}


def card_of(name: str | None) -> Card | None:
    """The card of a generator that is at hand."""
    return next((known for known in catalogue.ready_cards("grid") if known.name == name), None)


def restored_second(result: Result, wraps: bool) -> list[Any]:
    """What `SecondPanel.fields`, `groups` and `loaded` become with a picture that is opened again."""
    request = result.task.request
    assert isinstance(request, GridRequest)
    way, step = way_of(request, wraps)
    second, mixed = request.second, request.mixed or (1, max(1, result.task.card.levels // 2))
    seed = second.seed if second is not None and second.seed is not None else gr.skip()
    latent = second if second is not None and second.latent is not None else None
    load = load_of(result, wraps)
    mask = mask_value(card_of(result.task.card.name), result, way, step, load)
    if load is not None:
        mask |= {"mask": load["mask"], "over": load["key"]}  # as the part would, which may be out of sight
    return [seed, latent, way, *step, mask, *mixed, *show_way(way), load]
