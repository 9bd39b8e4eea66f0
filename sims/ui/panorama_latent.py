"""A latent in the place of a seed: dropped as a file or handed over by another part, and shown as a chip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from sims.grid_request import Style
from sims.label_space import LayoutError
from sims.latent_files import read_latent
from sims.ui.events import INSTANT
from sims.ui.grid_words import style_words
from sims.ui.layouts import uploaded_bytes
from sims.ui.page_part import event_text, page_part
from sims.ui.session import FAULTS


@dataclass(frozen=True)
class LatentPart:
    """The chip, and the state behind it: a `Style`, or None while the seed says what it is.

    Whoever sets the state changes the chip too. `taken` is the event after which a file has been read.
    """

    view: gr.HTML
    state: gr.State
    taken: Any


def build_latent(elem_id: str, whose: str) -> LatentPart:
    """Lay out the part of a style, `whose` as in "the second style", and connect its events."""
    said = gr.State(whose)
    view, state = page_part("latent", chip(None, whose), elem_id=elem_id, label="Latent"), gr.State(None)
    taken = view.input(take, [view, said], [state, view], **INSTANT)
    view.clear(lambda: None, None, state, **INSTANT)
    view.space(in_space, state, state, **INSTANT)
    state.change(chip, [state, said], view, **INSTANT)
    return LatentPart(view, state, taken)


def chip(style: Style | None, whose: str, wrong: str = "") -> dict[str, Any]:
    """What the part shows: what the style is, whether its space is to be chosen, and what is wrong with a file."""
    single = style is not None and style.latent is not None and style.latent.ndim == 1
    return {
        "whose": whose,
        "text": "" if style is None else style_words(style),
        "space": style.space if single and style is not None else "",
        "wrong": wrong,
        "file": None,
    }


def take(value: object, whose: str) -> list[Any]:
    """Read a latent that was dropped, or say in one sentence why not and keep what was there.

    A single style is taken for one behind the mapping network, as the inversion writes it; the chip offers the other.
    """
    try:
        style = Style(latent=read_latent(uploaded_bytes(_path(value), "latent"), "The latent"), space="w")
    except FAULTS as error:
        return [gr.skip(), {**chip(None, whose), **_kept(value), "wrong": str(error)}]
    return [style, chip(style, whose)]


def in_space(style: Style | None, event: gr.EventData) -> Any:
    """The same latent, taken for one of the other space."""
    space = event_text(event, "space")
    if style is None or space not in ("z", "w"):
        return gr.skip()
    return replace(style, space=space)


def _kept(value: object) -> dict[str, Any]:
    """What the part showed before a file that could not be read."""
    shown = value if isinstance(value, dict) else {}
    return {name: str(shown.get(name, ""))[:200] for name in ("text", "space")}


def _path(value: object) -> str:
    """The path of an upload; a client can name no other file. Raises `LayoutError`."""
    file = value.get("file") if isinstance(value, dict) else None
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise LayoutError("The page sent a latent that it never uploaded; reload it.")
    return path
