"""What a panorama is asked for on the page: generator, style, size, what is seen, the second style, and options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.cips_generator import BENT_FIELD
from sims.generator import MAX_SEED, Card, GridRequest
from sims.grid import WHOLE
from sims.grid_request import FIELDS_OF_VIEW, FLAT_FIELD, Style, turns
from sims.ui import catalogue
from sims.ui.events import INSTANT
from sims.ui.method_panel import method_choices, option_field
from sims.ui.page_part import page_part
from sims.ui.painting import PATCH, usual_size
from sims.ui.panorama_latent import LatentPart, build_latent
from sims.ui.panorama_second import SecondPanel, build_second, card_of
from sims.ui.session import GRID_SIZE

SAMPLED = [("All", "all"), ("Foveated", "foveated"), ("A patch", PATCH)]
TRUNCATION = 0.8
PATCH_START = (64, 2, 0, 0)  # K, sigma, column, row
PATCH_TITLES = ("K, pixels a side", "σ, every how many", "Column", "Row")


@dataclass(frozen=True)
class PanoramaFields:
    """The components on the left. `options` are the fields of a generator's options by name, but for the sampling."""

    chosen: gr.Radio
    seed: gr.Number
    random: gr.Checkbox
    truncation: gr.Slider
    latent: LatentPart
    width: gr.Number
    height: gr.Number
    go: gr.Button
    halt: gr.Button
    line: gr.Markdown
    turn: gr.Slider
    field_of_view: gr.Slider
    window: gr.State
    drawer: gr.Accordion
    second: SecondPanel
    options: dict[str, Any]
    sampling: gr.Radio
    patch: list[gr.Number]
    patches: gr.Row
    offers: gr.HTML

    @property
    def asked(self) -> list[Any]:
        """What a run reads: the fields of `sims.ui.painting.Wanted` in their order, and then the options."""
        return [
            *[self.chosen, self.seed, self.truncation, self.width, self.height, self.turn, self.field_of_view],
            *[self.window, self.latent.state, *self.second.fields, self.sampling, *self.patch],
            *self.options.values(),
        ]

    @property
    def shaped(self) -> list[Any]:
        """What another generator shows or hides, in the order of `show_fields`."""
        return [self.turn, self.field_of_view, *self.options.values(), self.sampling]


def build_fields() -> PanoramaFields:
    """Lay out the fields; the first generator at hand is chosen."""
    cards = catalogue.ready_cards("grid")
    first = cards[0] if cards else None
    chosen = gr.Radio(
        method_choices(cards), value=first.name if first else None, label="Generator", elem_id="panorama-generator"
    )
    seed, random, truncation, latent = _build_style()
    width, height, go, halt = _build_run(first)
    line = gr.Markdown("", elem_id="panorama-told", elem_classes="hint")
    turn, field_of_view, options = _build_seen(first)
    with gr.Accordion("Second style", open=False, elem_id="panorama-second-drawer") as drawer:
        second = build_second(first)
    with gr.Accordion("Sampling, noise and precision", open=False, elem_id="panorama-options"):
        sampling, patch, patches = _build_sampling(first)
        with gr.Row(elem_classes="method-options"):
            options |= _option_fields(first, lambda name: name not in ("projection", "sampling"))
    with gr.Accordion("More generators", open=False, elem_id="panorama-more"):
        rows = catalogue.offers_value(catalogue.offers("grid"))
        offers = page_part("catalogue", rows, elem_id="panorama-catalogue", label="Generators not at hand")
    style = (chosen, seed, random, truncation, latent)
    run = (width, height, go, halt, line)
    return PanoramaFields(
        *style, *run, turn, field_of_view, gr.State(WHOLE), drawer, second, options, sampling, patch, patches, offers
    )


def _build_style() -> tuple[gr.Number, gr.Checkbox, gr.Slider, LatentPart]:
    """The seed or the latent, and how far a style may be from the mean one."""
    with gr.Column(elem_id="panorama-style"):
        with gr.Row(elem_classes="panorama-seeds"):
            seed = gr.Number(0, precision=0, minimum=0, maximum=MAX_SEED, label="Seed", elem_id="panorama-seed")
            random = gr.Checkbox(False, label="New seed each time", container=False, elem_id="panorama-random")
            latent = build_latent("panorama-latent", "the style")
        title = "Truncation: from the mean picture to all variety"
        truncation = gr.Slider(0, 1, TRUNCATION, step=0.05, label=title, elem_id="panorama-truncation")
    return seed, random, truncation, latent


def _build_run(first: Card | None) -> tuple[gr.Number, gr.Number, gr.Button, gr.Button]:
    """The size and the buttons; bounds are checked later, where a whole sentence can say so."""
    height, width = usual_size(first) if first else GRID_SIZE
    with gr.Row(elem_id="panorama-run"):
        wide = gr.Number(width, step=64, label="Width", min_width=90, elem_id="panorama-width")
        high = gr.Number(height, step=64, label="Height", min_width=90, elem_id="panorama-height")
        go = gr.Button("Make picture", variant="primary", size="lg", min_width=160, elem_id="panorama-go")
        halt = gr.Button("Stop", size="lg", min_width=160, visible=False, elem_id="panorama-stop")
    return wide, high, go, halt


def _build_seen(first: Card | None) -> tuple[gr.Slider, gr.Slider, dict[str, Any]]:
    """Turn, field of view, and for planes the projection: what is seen of the whole."""
    shape = shape_of(first, "native")
    with gr.Row(elem_id="panorama-seen"):
        turn = gr.Slider(
            -180, 180, 0, step=1, label="Turn, °", min_width=180, visible=shape[0], elem_id="panorama-turn"
        )
        field_of_view = gr.Slider(
            FIELDS_OF_VIEW[0], shape[2], shape[2], step=1, label="Field of view, °", min_width=180, visible=shape[1],
            elem_id="panorama-field-of-view",
        )  # fmt: skip
    return turn, field_of_view, _option_fields(first, lambda name: name == "projection")


def _option_fields(first: Card | None, wanted: Any) -> dict[str, Any]:
    """The fields of those options of all generators at hand whose names are `wanted`."""
    names = {choice.name for choice in first.options} if first else set()
    choices = [each for each in catalogue.options(catalogue.ready_cards("grid"), patterns=True) if wanted(each.name)]
    return {choice.name: option_field("panorama", choice, choice.name in names) for choice in choices}


def _build_sampling(first: Card | None) -> tuple[gr.Radio, list[gr.Number], gr.Row]:
    """Which pixels are looked at, and the four numbers of a patch."""
    sampling = gr.Radio(
        SAMPLED,
        value="all",
        label="Pixels that are looked at",
        info="All; ever fewer away from the middle, and the others filled in; or every σth of K × K pixels",
        visible=first is not None and "sampling" in {choice.name for choice in first.options},
        elem_id="panorama-sampling",
    )
    with gr.Row(visible=False, elem_id="panorama-patch") as patches:
        patch = [
            gr.Number(start, precision=0, minimum=0, label=title, min_width=90)
            for title, start in zip(PATCH_TITLES, PATCH_START, strict=True)
        ]
    return sampling, patch, patches


def connect_fields(fields: PanoramaFields, out: gr.State) -> None:
    """Let the fields follow the generator, and what is chosen among them; `out` leads out of a part of a picture."""
    names, options = gr.State(tuple(fields.options)), fields.options
    projection = options.get("projection")
    listened = [fields.chosen.change, *([projection.change] if projection is not None else [])]
    inputs = [names, fields.chosen, fields.field_of_view, projection if projection is not None else gr.State("native")]
    gr.on(listened, show_fields, inputs, fields.shaped, **INSTANT, trigger_mode="always_last")
    begun = [fields.width, fields.height, fields.window, out, fields.field_of_view, fields.turn]
    fields.chosen.input(begin_anew, fields.chosen, begun, **INSTANT)
    fields.latent.taken.success(untruncated, fields.latent.state, fields.truncation, **INSTANT)
    fields.sampling.change(lambda kind: gr.update(visible=kind == PATCH), fields.sampling, fields.patches, **INSTANT)


def shape_of(known: Card | None, projection: object) -> tuple[bool, bool, float]:
    """Whether there is a turn, whether there is a field of view, and the largest one in degrees."""
    if known is None:
        return True, True, FIELDS_OF_VIEW[1]
    bent = known.geometry == "plane" and projection == "bent"
    widest = FLAT_FIELD if bent else FIELDS_OF_VIEW[1]
    return turns(known, {"projection": str(projection)}), bent or known.geometry == "cylinder", widest


def show_fields(names: tuple[str, ...], name: str | None, field_of_view: object, projection: object) -> list[Any]:
    """Show what changes anything in the pictures of this generator; a field of view that is too wide is narrowed."""
    known = card_of(name)
    turn, field, widest = shape_of(known, projection)
    fits = isinstance(field_of_view, int | float) and field_of_view <= widest
    shown = gr.update(visible=field, maximum=widest, value=field_of_view if fits else BENT_FIELD)
    has = {choice.name for choice in known.options} if known else set()
    there = [gr.update(visible=option in has) for option in names]
    return [gr.update(visible=turn), shown, *there, gr.update(visible="sampling" in has)]


def untruncated(style: Style | None) -> Any:
    """The truncation with a latent that was just given: none, so that its own picture is seen first."""
    return gr.skip() if style is None else 1


def begin_anew(name: str | None) -> list[Any]:
    """What another generator begins with: its size, the whole of it, in the middle."""
    known = card_of(name)
    if known is None:
        return [gr.skip()] * 6
    height, width = usual_size(known)
    bent = known.geometry == "plane"
    return [width, height, WHOLE, [], BENT_FIELD if bent else FIELDS_OF_VIEW[1], 0]


def restored_sampling(request: GridRequest) -> list[Any]:
    """The choice of pixels and the four numbers of a patch, of a picture that is opened again."""
    sampling = request.options.get("sampling", "all")
    if not sampling.startswith(PATCH):
        return [sampling, *[gr.skip()] * len(PATCH_START)]
    return [PATCH, *map(int, sampling.split(":")[1:])]
