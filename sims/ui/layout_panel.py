"""The left of the synthesis tab: the layout editor and the ways to fill it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from sims.label_space import label_space, label_space_names
from sims.layout import Layout, LayoutError
from sims.layout_files import layout_to_editor
from sims.ui.events import INSTANT
from sims.ui.layout_editor import layout_editor
from sims.ui.layouts import ENCODINGS, blank_layout, convert, describe, painted_layout, read_upload
from sims.ui.page_part import event_text, page_part
from sims.ui.samples import sample_groups, sample_layout, samples


@dataclass(frozen=True)
class LayoutPanel:
    """The panel's components that others listen to. `origin` holds the layout last put into the editor."""

    editor: gr.HTML
    origin: gr.State
    space: gr.Dropdown
    note: gr.Markdown
    fills: tuple[Any, ...]  # the events that put another layout into the editor


def space_choices() -> list[tuple[str, str]]:
    """(title, name) of every label space."""
    return [(label_space(name).title, name) for name in label_space_names()]


def build_layout_panel() -> LayoutPanel:
    """Lay out the panel and connect what happens inside it."""
    first = sample_layout(next(iter(samples())))
    editor = layout_editor(layout_to_editor(first))
    note = gr.Markdown(describe(first), elem_id="layout-note", elem_classes="hint")
    origin = gr.State(first)
    strip = page_part("strip", {"groups": sample_groups()}, elem_id="samples", label="Sample layouts")
    with gr.Accordion("Upload a label map", open=False, elem_id="upload"):
        with gr.Row():
            label_map = gr.File(label="Label map", file_types=["image"], height=140, elem_id="label-map")
            instances = gr.File(label="Instance map, if any", file_types=["image"], height=140, elem_id="instance-map")
        with gr.Row():
            upload_space = gr.Dropdown(space_choices(), value="street", label="Label space", elem_id="upload-space")
            encoding = gr.Dropdown(list(ENCODINGS.items()), value="auto", label="Encoding", elem_id="upload-encoding")
    with gr.Accordion("Change the label space", open=False, elem_id="space"):
        space = gr.Dropdown(space_choices(), value=first.space.name, label="Label space", elem_id="to-space")
        with gr.Row():
            to_space = gr.Button("Convert layout", size="sm", elem_id="convert")
            afresh = gr.Button("Start blank", size="sm", elem_id="blank")

    filled = [editor, origin, space, note]
    upload = [label_map, instances, upload_space, encoding]
    fills = (
        strip.choose(choose_sample, None, filled, **INSTANT),
        gr.on(
            [label_map.upload, instances.upload, upload_space.input, encoding.input],
            take_upload,
            upload,
            filled,
            **INSTANT,
        ),
        to_space.click(convert_painted, [editor, origin, space], filled, **INSTANT),
        afresh.click(start_blank, space, filled, **INSTANT),
    )
    return LayoutPanel(editor, origin, space, note, fills)


def fill(layout: Layout, note: str) -> list[Any]:
    """What the outputs of every way to fill the editor become."""
    return [layout_to_editor(layout), layout, layout.space.name, note]


def keep_all(note: str) -> list[Any]:
    """The editor stays as it is, and the note says why."""
    return [gr.skip(), gr.skip(), gr.skip(), note]


def choose_sample(event: gr.EventData) -> list[Any]:
    """Put a sample layout into the editor."""
    try:
        layout = sample_layout(event_text(event, "key"))
    except LayoutError as error:
        return keep_all(str(error))
    return fill(layout, describe(layout))


def take_upload(label_map: str | None, instances: str | None, space: str, encoding: str) -> list[Any]:
    """Read an uploaded label map into the editor, or say in one sentence why not."""
    if label_map is None:
        return keep_all("Choose a label map first." if instances else gr.skip())
    try:
        reading = read_upload(label_map, instances, space, encoding)
    except LayoutError as error:
        return keep_all(str(error))
    return fill(reading.layout, reading.sentence)


def convert_painted(value: object, origin: Layout | None, space: str) -> list[Any]:
    """Convert the layout in the editor to another label space and report what could not be mapped."""
    try:
        layout, report = convert(painted_layout(value, origin), space)
    except LayoutError as error:
        return keep_all(str(error))
    return fill(layout, report)


def start_blank(space: str) -> list[Any]:
    """Put an empty layout of this label space into the editor."""
    layout = blank_layout(space)
    return fill(layout, describe(layout))
