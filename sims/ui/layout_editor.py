"""The layout editor: a canvas of class ids in the browser, as a Gradio component.

It is a `gr.HTML` whose script keeps one id for every pixel, so that what is painted reaches Python exactly, without an
image format in between. The parts of the script lie in `static/` and are joined here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from sims.label_space import LabelSpace, label_space, label_space_names
from sims.layout import MAX_SIDE, MIN_SIDE

STATIC = Path(__file__).parent / "static"
SCRIPTS = (  # later ones use earlier ones
    "layout_editor_layout.js",
    "layout_editor_raster.js",
    "layout_editor_tools.js",
    "layout_editor_view.js",
    "layout_editor_palette.js",
    "layout_editor.js",
    "layout_editor_events.js",
    "layout_editor_start.js",
)


def layout_editor(
    value: dict[str, Any] | None = None,
    elem_id: str = "layout-editor",
    *,
    blank_space: str = "street",
    blank_size: tuple[int, int] = (256, 512),
) -> gr.HTML:
    """A layout editor, to be called inside `gr.Blocks`.

    The value, in both directions, is `{"space": name, "width": w, "height": h, "runs": [id, length, id, length, ...]}`:
    run lengths over the pixels row by row, that add up to w * h; the ids are classes of the space, the sides 8 to 2048.
    `sims.layout_files` reads and writes it. None means that nothing is painted yet: the editor then shows an
    empty canvas of `blank_space` and `blank_size` (height, width).

    Events: `input` after the person has changed the layout, `change` after anybody has, `submit` on Ctrl+Enter.
    `elem_id` must be unique on the page: the undo history and the draft are kept under it.
    """
    height, width = blank_size
    config = {
        "id": elem_id,
        "bounds": [MIN_SIDE, MAX_SIDE],
        "blank": {"space": blank_space, "width": width, "height": height},
        "spaces": [describe_space(label_space(name)) for name in label_space_names()],
    }
    return gr.HTML(
        value,
        html_template=read_static("layout_editor.html"),
        css_template=read_static("layout_editor.css"),
        js_on_load="\n".join([f"const CONFIG = {json.dumps(config)};", *map(read_static, SCRIPTS)]),
        apply_default_css=False,
        elem_id=elem_id,
    )


def describe_space(space: LabelSpace) -> dict[str, Any]:
    """What the script needs to know of a label space; a class is [id, name, [red, green, blue]]."""
    return {
        "name": space.name,
        "title": space.title,
        "unknown": space.unknown,
        "classes": [[label.id, label.name, label.colour] for label in space.classes],
    }


def read_static(name: str) -> str:
    """The text of a file in `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")
