"""The editor of regions on the page: what divides the two pictures, and whose look each region takes.

How a tab embeds it, given states that hold the content and the style picture (RGB uint8 or None), and the layouts that
came with them (`Layout` or None):

    regions = build_regions_panel()
    connect_regions(regions, content, style, layout, style_layout)   # it follows the states from then on

and `regions.css` among the page's stylesheets.

In the event that starts a run, `regions.fields` are among the inputs, and their values, in that order, go to

    chosen = chosen_regions(content, style, layout, style_layout, *fields)   # of sims.ui.regions; raises a fault
    StyleRequest(content, style, chosen.content_labels, chosen.style_labels, chosen.pairs, ...,
                 label_names=chosen.label_names)

Opening a picture made here: `restored_regions(request)` gives what `regions.fields` become, in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import StyleRequest
from sims.layout import Layout
from sims.ui.events import INSTANT, PAGE
from sims.ui.page_part import page_part
from sims.ui.regions import (
    KINDS,
    LAYOUT,
    MAPS,
    NONE,
    found_regions,
    kept_choices,
    kind_of,
    label_map_files,
    regions_value,
)
from sims.ui.session import FAULTS
from sims.ui.shelf import SHELF

NOTHING = "Each picture counts as one region: the whole content takes the look of the whole style."
NO_MAPS = "Give a label map of each picture above: a grey or palette PNG whose numbers are the ids of its regions."
NO_PICTURES = "Choose a content and a style picture; their regions are shown here."


@dataclass(frozen=True)
class RegionsPanel:
    """The panel's components. `fields` are the inputs of `chosen_regions`, in its order."""

    kind: gr.Radio
    content_map: gr.File
    style_map: gr.File
    view: gr.HTML

    @property
    def fields(self) -> list[Any]:
        """Those that hold what was chosen."""
        return [self.kind, self.content_map, self.style_map, self.view]


def build_regions_panel() -> RegionsPanel:
    """Lay out the panel, in which nothing is divided yet."""
    kind = gr.Radio(kinds(None), value=NONE, label="Divide the pictures by", elem_id="regions-kind")
    with gr.Row(elem_id="regions-maps"):
        content_map, style_map = (
            gr.File(
                label=f"Map of the {whose}",
                file_types=["image"],
                height=120,
                visible=False,
                elem_id=f"regions-{whose}-map",
            )
            for whose in ("content", "style")
        )
    view = page_part("regions", {"empty": NOTHING}, elem_id="regions", label="Regions", uses="outline")
    return RegionsPanel(kind, content_map, style_map, view)


def connect_regions(
    panel: RegionsPanel, content: gr.State, style: gr.State, layout: gr.State, style_layout: gr.State
) -> None:
    """Let the panel follow the pictures and the layouts that the states hold, and what is chosen in it."""
    inputs = [content, style, layout, style_layout, *panel.fields]
    shown = show_regions, inputs, panel.fields[1:]
    alone = {**PAGE, "concurrency_limit": 1, "concurrency_id": "regions", "trigger_mode": "always_last"}
    offered = layout.change(offer_layout, [layout, panel.kind], panel.kind, **INSTANT)
    offered.then(*shown, **alone)  # no sooner: a kind that is no longer offered would be refused
    changes = [panel.kind.change, panel.content_map.change, panel.style_map.change, content.change, style.change]
    gr.on(changes, *shown, **alone)


def kinds(layout: Layout | None) -> list[tuple[str, str]]:
    """(title, key) of what can divide the pictures."""
    return [(title, key) for key, title in KINDS.items() if key != LAYOUT or layout is not None]


def offer_layout(layout: Layout | None, kind: str) -> dict[str, Any]:
    """Divide the content by the layout that came with it; without one, no longer by the last one's."""
    if layout is not None:
        return gr.update(choices=kinds(layout), value=LAYOUT)
    return gr.update(choices=kinds(None), value=NONE if kind == LAYOUT else kind)


def show_regions(
    content: np.ndarray | None,
    style: np.ndarray | None,
    layout: Layout | None,
    style_layout: Layout | None,
    kind: str,
    content_map: str | None,
    style_map: str | None,
    value: object,
) -> Iterator[list[Any]]:
    """Show the fields for label maps that count, and the regions of both pictures, or in one sentence why not."""
    chosen = kept_choices(value)
    files = [gr.update(visible=kind == MAPS), gr.update(visible=kind in (MAPS, LAYOUT))]
    if content is None or style is None or kind == NONE:
        yield [*files, {"empty": NOTHING if kind == NONE else NO_PICTURES, "chosen": chosen}]
        return
    if kind == MAPS and not (content_map and style_map):
        yield [*files, {"empty": NO_MAPS, "chosen": chosen}]
        return
    yield [*files, {"waiting": "Finding the regions", "chosen": chosen}]
    try:
        maps = found_regions(content, style, layout, style_layout, kind, content_map, style_map)
    except FAULTS as error:
        yield [*files, {"empty": str(error), "chosen": chosen}]
        return
    if maps is not None:
        yield [*files, regions_value(maps, content, style, kind, chosen)]


def restored_regions(request: StyleRequest) -> list[Any]:
    """The fields for a request from a picture made here: label maps that nobody finds again become uploaded ones."""
    if request.content_labels is None or request.style_labels is None:
        return [gr.update(value=NONE), None, None, {"empty": NOTHING}]
    kind = kind_of(request)
    files: list[str | None] = [None, None]
    if kind == MAPS:
        both = zip(label_map_files(request), ("content", "style"), strict=True)
        files = [SHELF.put(data, f"{whose}-regions.png") for data, whose in both]
    maps = found_regions(request.content, request.style, None, None, kind, *files)
    assert maps is not None
    chosen = {kind: {str(one): other for one, other in request.pairs.items()}}
    shown = regions_value(maps, request.content, request.style, kind, chosen)
    return [gr.update(value=kind), *(gr.update(value=path, visible=kind == MAPS) for path in files), shown]
