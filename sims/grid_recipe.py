"""The request for a picture on a grid, as its recipe writes it down and as it is read back, as untrusted data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sims.grid_request import GRID_SIDES, GridRequest, Style
from sims.latent_files import latent_npy, read_latent
from sims.mask_files import mask_png, read_mask
from sims.request_error import MAX_SEED, RequestError

MAX_NUMBER = 1e6  # in magnitude, of any number that is asked for
_FIELDS = {"size", "style", "second", "mixed", "truncation", "turn", "field_of_view", "window"}


def grid_asked(request: GridRequest) -> dict[str, Any]:
    """All of a request but its latents and its mask, as JSON."""
    return {
        "size": None if request.size is None else list(request.size),
        "style": _style_document(request.style),
        "second": None if request.second is None else _style_document(request.second),
        "mixed": None if request.mixed is None else list(request.mixed),
        "truncation": request.truncation,
        "turn": request.turn,
        "field_of_view": request.field_of_view,
        "window": list(request.window),
    }


def grid_parts(request: GridRequest) -> dict[str, bytes]:
    """The latents as .npy files and the mask as a PNG, by part name."""
    parts = {}
    if request.style.latent is not None:
        parts["latent"] = latent_npy(request.style.latent)
    if request.second is not None and request.second.latent is not None:
        parts["second_latent"] = latent_npy(request.second.latent)
    if request.mask is not None:
        parts["mask"] = mask_png(request.mask)
    return parts


def grid_request(asked: Mapping[str, Any], parts: Mapping[str, bytes], options: Mapping[str, str]) -> GridRequest:
    """The request of a checked document. Raises `RequestError` or `ImageError` for a damaged part."""
    size, mixed = asked["size"], asked["mixed"]
    if asked["second"] is None and parts.keys() & {"second_latent", "mask"}:
        raise RequestError("it has a second latent or a mask, and no second style.")
    return GridRequest(
        size=None if size is None else (size[0], size[1]),
        style=_style(asked["style"], parts.get("latent"), "The latent"),
        second=None if asked["second"] is None else _style(asked["second"], parts.get("second_latent"), "The second"),
        mask=read_mask(parts["mask"]) if "mask" in parts else None,
        mixed=None if mixed is None else (mixed[0], mixed[1]),
        truncation=asked["truncation"],
        turn=asked["turn"],
        field_of_view=asked["field_of_view"],
        window=tuple(asked["window"]),
        options=options,
    )


def asks_for_grid(asked: Mapping[str, Any]) -> bool:
    """Whether the field "asked" of a document has the form that `grid_asked` gives it; bounds are checked later."""
    if asked.keys() != _FIELDS or not _is_style(asked["style"]):
        return False
    size, mixed, window, field = asked["size"], asked["mixed"], asked["window"], asked["field_of_view"]
    return (
        (size is None or _are_whole(size, 2, GRID_SIDES[1]))
        and (asked["second"] is None or _is_style(asked["second"]))
        and (mixed is None or _are_whole(mixed, 2, 64))
        and (field is None or _is_number(field))
        and all(map(_is_number, (asked["truncation"], asked["turn"])))
        and isinstance(window, list)
        and len(window) == 4
        and all(map(_is_number, window))
    )


def _style_document(style: Style) -> dict[str, Any]:
    return {"seed": style.seed, "space": style.space}


def _style(document: Mapping[str, Any], latent: bytes | None, what: str) -> Style:
    return Style(document["seed"], None if latent is None else read_latent(latent, what), document["space"])


def _is_style(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"seed", "space"} or value["space"] not in ("z", "w"):
        return False
    return value["seed"] is None or (type(value["seed"]) is int and 0 <= value["seed"] <= MAX_SEED)


def _are_whole(value: object, count: int, most: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(type(v) is int and 0 <= v <= most for v in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -MAX_NUMBER <= value <= MAX_NUMBER
