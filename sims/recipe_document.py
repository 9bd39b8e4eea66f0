"""The JSON document of a recipe, checked as untrusted data: every field, its type and its bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sims.grid_recipe import asks_for_grid
from sims.request_error import MAX_SEED
from sims.requests import MAX_LABEL, MAX_ORIGIN, MAX_PAIRS, TEXTURE_SIDES, is_line

FORMAT = 3  # the first had no field "asked", and neither styles nor textures; the second had no grids
MAX_DOCUMENT_BYTES = 64 * 1024
MAX_ENTRIES = 32  # of the options, and of the stages that were timed
MAX_TEXT = 255
MAX_NAME_BYTES = 100  # so that a file can be called by it
MAX_SECONDS = 1e9
_NAME = re.compile(r"\w[\w .,+()-]*")
PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # those that a task has, and those that it may have
    "layout": (("layout",), ("instances", "style")),
    "image": (("image",), ()),
    "style": (("content", "style"), ("content_labels", "style_labels")),
    "texture": (("example",), ()),
    "grid": ((), ("latent", "second_latent", "mask")),
}


class RecipeError(ValueError):
    """A picture whose recipe cannot be read; the text is one sentence meant for the person who dropped it in."""


def read_document(text: bytes) -> dict[str, Any]:
    """The checked JSON document of a recipe: exactly the fields of `_FIELDS`, each as it should be.

    Raises `RecipeError` for any other text, and for a document of a newer format.
    """
    if len(text) > MAX_DOCUMENT_BYTES:
        raise RecipeError(f"The recipe in this picture is damaged: it has more than {MAX_DOCUMENT_BYTES} bytes.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError("The recipe in this picture is damaged: it is not JSON.") from error
    if not isinstance(document, dict) or not _is_whole(document.get("format"), 1, 2**31):
        raise RecipeError("The recipe in this picture is damaged: it has no format number.")
    if document["format"] > FORMAT:
        raise RecipeError(
            f"This picture was made by a newer version of the program (recipe format {document['format']}, "
            f"this one reads {FORMAT}); update the program."
        )
    if document["format"] == 1:
        document = {"asked": {}, **document}
    for name in sorted(document.keys() ^ _FIELDS.keys()):
        state = "is unknown" if name in document else "is missing"
        raise RecipeError(f"The recipe in this picture is damaged: the field {name[:MAX_TEXT]!r} {state}.")
    for name, (accepts, wanted) in _FIELDS.items():
        if not accepts(document[name]):
            raise RecipeError(f"The recipe in this picture is damaged: the field {name!r} is not {wanted}.")
    (required, possible), given = PARTS[document["task"]], set(document["parts"])
    if not set(required) <= given <= {*required, *possible}:
        names = ", ".join((*required, *possible))
        raise RecipeError(f"The recipe in this picture is damaged: its parts should be among {names}.")
    if not _ASKED[document["task"]](document["asked"]):
        raise RecipeError("The recipe in this picture is damaged: the field 'asked' does not fit its task.")
    if (document["label_space"] is None) == (document["task"] == "layout"):
        raise RecipeError("The recipe in this picture is damaged: a label space goes with a layout, and with it alone.")
    return document


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_text(value: object) -> bool:
    return is_line(value, MAX_TEXT)


def _is_name(value: object) -> bool:
    """A name as those of the catalogue and of people's folders: it can be that of a file, and never a path."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value)) and len(value.encode()) <= MAX_NAME_BYTES


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and len(value) <= MAX_ENTRIES and all(map(_is_text, (*value, *value.values())))


def _is_seconds(value: object) -> bool:
    if not isinstance(value, dict) or len(value) > MAX_ENTRIES or not all(map(_is_text, value)):
        return False
    return all(type(seconds) in (int, float) and 0 <= seconds <= MAX_SECONDS for seconds in value.values())


def _is_part_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value) <= MAX_ENTRIES


def _is_label(value: object) -> bool:
    return _is_whole(value, 0, MAX_LABEL)


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_label(value[0])
        and (value[1] is None or _is_label(value[1]))
    )


def _asks_for_style(asked: Mapping[str, Any]) -> bool:
    if asked.keys() != {"strength", "pairs", "content_origin"} or not is_line(asked["content_origin"], MAX_ORIGIN):
        return False
    strength, pairs = asked["strength"], asked["pairs"]
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        return False
    return isinstance(pairs, list) and len(pairs) <= MAX_PAIRS and all(map(_is_pair, pairs))


def _asks_for_texture(asked: Mapping[str, Any]) -> bool:
    size = asked.get("size")
    if asked.keys() != {"size"} or not isinstance(size, list) or len(size) != 2:
        return False
    return all(_is_whole(side, *TEXTURE_SIDES) for side in size)


_ASKED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "layout": lambda asked: not asked,
    "image": lambda asked: not asked,
    "style": _asks_for_style,
    "texture": _asks_for_texture,
    "grid": asks_for_grid,
}
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "format": ((lambda value: value in range(1, FORMAT + 1)), f"a whole number from 1 to {FORMAT}"),
    "version": (_is_text, "a line of text"),
    "generator": (_is_name, f"a name without slashes of at most {MAX_NAME_BYTES} bytes"),
    "revision": (_is_text, "a line of text"),
    "seed": ((lambda value: _is_whole(value, 0, MAX_SEED)), f"a whole number from 0 to {MAX_SEED}"),
    "options": (_is_texts, f"at most {MAX_ENTRIES} lines of text by name"),
    "seconds": (_is_seconds, f"at most {MAX_ENTRIES} durations by name"),
    "task": ((lambda value: value in tuple(PARTS)), " or ".join(PARTS)),
    "asked": ((lambda value: isinstance(value, dict)), "an object"),
    "label_space": ((lambda value: value is None or _is_name(value)), "the name of a label space"),
    "parts": (_is_part_names, "a list of names"),
}
