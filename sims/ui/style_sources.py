"""The pictures that the tab "Style transfer" works from: content and style, given, chosen, or sent from other tabs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sims.image_files import ImageError, read_image
from sims.layout import Layout
from sims.ui import catalogue, session
from sims.ui.events import INSTANT, warn
from sims.ui.gallery import content_groups, content_picture, gallery_groups, gallery_layout, gallery_picture
from sims.ui.layouts import describe, painted_layout
from sims.ui.page_part import event_text, page_part
from sims.ui.picture_drop import Place, given, picture_drop
from sims.ui.session import Result, Shown, shown
from sims.ui.synthesis import SynthesisTab

PICTURE, PAINTED = "picture", "layout"  # what the content is
CONTENT_PLACE = Place("Content", "The picture to restyle", "content picture")
LAYOUT_PLACE = Place("Layout", "", "layout")
STYLE_PLACE = Place("Style", "Whose look it takes on", "style picture")


@dataclass(frozen=True)
class Sources:
    """The components, and the states that hold what was given: RGB uint8 arrays, their files, the layouts they have."""

    kind: gr.Radio
    maker: gr.Dropdown
    content_drop: gr.HTML
    content: gr.State
    content_file: gr.State
    layout: gr.State
    style_drop: gr.HTML
    style: gr.State
    style_file: gr.State
    style_layout: gr.State

    @property
    def contents(self) -> list[Any]:
        """What another content picture changes, in the order of `new_content`."""
        return [self.content_drop, self.content, self.content_file, self.layout, self.kind]

    @property
    def styles(self) -> list[Any]:
        """What another style picture changes, in the order of `new_style`."""
        return [self.style_drop, self.style, self.style_file, self.style_layout]


def build_sources(synthesis: SynthesisTab) -> Sources:
    """Lay out the places for both pictures, and connect what happens in them."""
    kind = gr.Radio(
        [("A picture", PICTURE), ("The layout in the editor", PAINTED)],
        value=PICTURE,
        label="Content",
        show_label=False,
        container=False,
        elem_id="style-kind",
    )
    with gr.Row(elem_id="style-pictures"):
        content_drop = picture_drop(CONTENT_PLACE, "style-content")
        style_drop = picture_drop(STYLE_PLACE, "style-style")
    makers = catalogue.choices(catalogue.ready_cards())
    maker = gr.Dropdown(
        makers,
        value=next((name for _, name in makers if name.startswith("spade")), None),
        label="The layout's picture is made by",
        visible=False,
        elem_id="style-maker",
    )
    contents, gallery = (
        page_part("strip", {"groups": groups}, elem_id=elem_id, label=groups[0]["title"])
        for groups, elem_id in ((content_groups(), "style-contents"), (gallery_groups(), "style-gallery"))
    )
    content, content_file, layout = (gr.State(None) for _ in range(3))
    style, style_file, style_layout = (gr.State(None) for _ in range(3))
    sources = Sources(
        kind, maker, content_drop, content, content_file, layout, style_drop, style, style_file, style_layout
    )
    content_drop.input(take_content, [content_drop, sources.content_file], sources.contents, **INSTANT)
    style_drop.input(take_style, [style_drop, sources.style_file], sources.styles, **INSTANT)
    contents.choose(choose_content, None, sources.contents, **INSTANT)
    gallery.choose(choose_style, None, sources.styles, **INSTANT)
    kind.change(show_kind, painted_inputs(sources, synthesis), [content_drop, maker], **INSTANT)
    return sources


def painted_inputs(sources: Sources, synthesis: SynthesisTab) -> list[Any]:
    """The inputs of `show_kind`."""
    return [sources.kind, sources.content_file, synthesis.layout.editor, synthesis.layout.origin]


def new_content(image: np.ndarray, file: Shown, layout: Layout | None = None, note: str = "") -> list[Any]:
    """What `Sources.contents` become with another content picture, which may come with its layout."""
    return [CONTENT_PLACE.value(file, note), image, file, layout, PICTURE]


def new_style(image: np.ndarray, file: Shown, layout: Layout | None = None, note: str = "") -> list[Any]:
    """What `Sources.styles` become with another style picture, which may come with its layout."""
    return [STYLE_PLACE.value(file, note), image, file, layout]


def take_content(value: object, before: Shown | None) -> list[Any]:
    """Read the content picture that was given, or say in one sentence why not and keep the one before."""
    try:
        taken = given(value, CONTENT_PLACE)
    except session.FAULTS as error:
        return [CONTENT_PLACE.value(before, str(error), wrong=True), *[gr.skip()] * 4]
    if taken is None:
        return [CONTENT_PLACE.value(None), None, None, None, gr.skip()]
    return new_content(taken.image, taken.file, note=taken.note)


def take_style(value: object, before: Shown | None) -> list[Any]:
    """Read the style picture that was given, or say in one sentence why not and keep the one before."""
    try:
        taken = given(value, STYLE_PLACE)
    except session.FAULTS as error:
        return [STYLE_PLACE.value(before, str(error), wrong=True), *[gr.skip()] * 3]
    if taken is None:
        return [STYLE_PLACE.value(None), None, None, None]
    return new_style(taken.image, taken.file, note=taken.note)


def choose_content(event: gr.EventData) -> list[Any]:
    """Take one of the pictures to restyle that are at hand."""
    try:
        image = content_picture(event_text(event, "key"))
    except session.FAULTS as error:
        warn(error)
        return [gr.skip()] * 5
    return new_content(image, shown(image, "content.png"))


def choose_style(event: gr.EventData) -> list[Any]:
    """Take a style picture of the gallery."""
    try:
        image, layout = gallery_picture(event_text(event, "key")), gallery_layout(event_text(event, "key"))
    except session.FAULTS as error:
        warn(error)
        return [gr.skip()] * 4
    return new_style(image, shown(image, "style.png"), layout)


def show_kind(kind: str, file: Shown | None, value: object, origin: Layout | None) -> list[Any]:
    """Show the content picture, or in its place the layout that is in the editor now."""
    if kind != PAINTED:
        return [CONTENT_PLACE.value(file), gr.update(visible=False)]
    try:
        layout = painted_layout(value, origin)
    except session.FAULTS as error:
        return [LAYOUT_PLACE.value(None, str(error), wrong=True, fixed=True), gr.update(visible=True)]
    note = f"{describe(layout)} Change it in the tab Layout synthesis."
    return [LAYOUT_PLACE.value(shown(layout.colours(), "layout.png"), note, fixed=True), gr.update(visible=True)]


def sent_content(results: list[Result], event: gr.EventData) -> list[Any]:
    """Take a picture of this session as the content, with its layout if it was made from one; and show the tab."""
    image, result = sent(results, event)
    if image is None or result is None:
        return [gr.skip()] * 6
    layout = result.task.layout_request.layout if result.task.card.task == "layout" else None
    return [*new_content(image, shown(image, "content.png"), layout), gr.update(selected="style")]


def sent_style(results: list[Result], event: gr.EventData) -> list[Any]:
    """Take a picture of this session as the style."""
    image, _ = sent(results, event)
    return [gr.skip()] * 4 if image is None else new_style(image, shown(image, "style.png"))


def sent(results: list[Result], event: gr.EventData) -> tuple[np.ndarray | None, Result | None]:
    """The picture of these results that an event names by its key, and its result; a warning where it is gone."""
    result = session.kept(results, event_text(event, "key"))
    try:
        if result is None or not result.path:
            raise ImageError(session.GONE)
        return read_image(Path(result.path), "The picture"), result
    except ImageError:
        warn(session.GONE)
        return None, None
