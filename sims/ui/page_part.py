"""Parts of the page that we draw ourselves: a `gr.HTML` with plain data for a value and a script in `static/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import RequestError

STATIC = Path(__file__).parent / "static"


def page_part(script: str, value: Mapping[str, Any], *, elem_id: str, label: str, uses: str = "") -> gr.HTML:
    """The part drawn by `static/SCRIPT.js`, after `static/USES.js` where it needs one, from `value`.

    The template never changes, so that Gradio leaves alone what the script draws; the script fills it by text
    nodes only, so that no name or sentence can become markup.
    """
    scripts = filter(None, ("common", uses, script))
    code = "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in scripts)
    return gr.HTML(
        dict(value),
        label=label,
        html_template=f'<div class="part {script}"></div>',
        js_on_load=code,
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes="studio-part",
    )


def file_value(path: str) -> dict[str, Any]:
    """How a part's value names a file on the server: Gradio serves it and adds its `url`."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def run_lengths(numbers: np.ndarray) -> list[int]:
    """An integer map (H, W) row by row as number, length, number, length, ..., which outline.js reads."""
    flat = numbers.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=-1))
    lengths = np.diff(starts, append=flat.size)
    return np.stack((flat[starts], lengths), 1).ravel().tolist()


def event_text(event: gr.EventData, name: str) -> str:
    """The text that a part's event carries as `name`; "" where a client sent something else."""
    value = event._data.get(name) if isinstance(event._data, dict) else None
    return value[:200] if isinstance(value, str) else ""


def event_number(event: gr.EventData, name: str, least: int, most: int) -> int:
    """The whole number in `least`..`most` that a part's event carries as `name`. Raises `RequestError`."""
    value = event._data.get(name) if isinstance(event._data, dict) else None
    if type(value) is not int or not least <= value <= most:
        raise RequestError(f"The page sent no {name} from {least} to {most}; reload it.")
    return value
