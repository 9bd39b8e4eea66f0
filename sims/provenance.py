"""Pictures that carry the recipe they were made by, in text chunks of their PNG (RFC 2083, sections 3 and 4.2.3).

The chunk "sims-studio" holds a JSON document; the pictures and label maps that the request was made of follow as PNGs
of their own, in base64. Reading treats all of it as untrusted data: nothing is executed, no name becomes a path, and
every field is checked and bounded.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import PngImagePlugin

from sims.generator import (
    REQUESTS,
    GridRequest,
    ImageRequest,
    LayoutRequest,
    Picture,
    Request,
    RequestError,
    StyleRequest,
    TextureRequest,
)
from sims.grid_recipe import grid_asked, grid_parts, grid_request
from sims.image_files import ImageError, encode_png, read_image
from sims.layout import Layout, LayoutError
from sims.layout_files import read_layout
from sims.recipe_document import FORMAT, RecipeError, read_document
from sims.style.label_maps import label_map_png, read_label_map

__all__ = ["Recipe", "RecipeError", "picture_png", "read_recipe"]

VERSION = "0.1.0"
KEY = "sims-studio"
MAX_FILE_BYTES = 96 * 1024 * 1024
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, eq=False)
class Recipe:
    """What made a picture: enough to make it again, if the generator is here in the same revision."""

    generator: str
    revision: str
    seed: int
    options: Mapping[str, str]
    request: Request
    seconds: Mapping[str, float]
    version: str  # of the program


def picture_png(picture: Picture) -> bytes:
    """The picture as a PNG that carries its recipe, and a title, source and software for other viewers."""
    parts = _request_parts(picture.request)
    layout = picture.request.layout if isinstance(picture.request, LayoutRequest) else None
    document = {
        "format": FORMAT,
        "version": VERSION,
        "generator": picture.generator,
        "revision": picture.revision,
        "seed": picture.seed,
        "options": dict(picture.options),
        "seconds": {name: round(seconds, 4) for name, seconds in picture.seconds.items()},
        "task": next(task for task, kind in REQUESTS.items() if isinstance(picture.request, kind)),
        "asked": _asked(picture.request),
        "label_space": None if layout is None else layout.space.name,
        "parts": list(parts),
    }
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", f"{picture.generator}, seed {picture.seed}")
    info.add_text("Software", f"sims-studio {VERSION}")
    info.add_text("Source", f"{picture.generator}, revision {picture.revision}")
    info.add_text(KEY, json.dumps(document))
    # Not compressed once more: Pillow refuses to open a PNG with a compressed text of over a megabyte.
    for name, part in parts.items():
        info.add_text(f"{KEY}:{name}", base64.b64encode(part).decode())
    return encode_png(picture.image, info)


def read_recipe(png: bytes) -> Recipe:
    """The recipe in a PNG that `picture_png` wrote.

    Raises `RecipeError` if the file is no PNG, is damaged, carries no recipe (as after another program saved it),
    was made by a newer version, or if any field is not as it should be.
    """
    texts = _texts(png)
    if KEY not in texts:
        raise RecipeError(
            "This picture carries no recipe; use the PNG as it was downloaded, since other programs drop the recipe."
        )
    document = read_document(texts[KEY])
    parts = {name: _part(texts, name) for name in document["parts"]}
    return Recipe(
        generator=document["generator"],
        revision=document["revision"],
        seed=document["seed"],
        options=document["options"],
        request=_request(document, parts),
        seconds=document["seconds"],
        version=document["version"],
    )


def _asked(request: Request) -> dict[str, Any]:
    """What was asked for besides pictures and options."""
    if isinstance(request, StyleRequest):
        pairs = [list(pair) for pair in request.pairs.items()]
        return {"strength": request.strength, "pairs": pairs, "content_origin": request.content_origin}
    if isinstance(request, TextureRequest):
        return {"size": list(request.size)}
    if isinstance(request, GridRequest):
        return grid_asked(request)
    return {}


def _request_parts(request: Request) -> dict[str, bytes]:
    """The pictures that a request is made of, by part name, as PNGs."""
    if isinstance(request, ImageRequest):
        return {"image": encode_png(request.image)}
    if isinstance(request, TextureRequest):
        return {"example": encode_png(request.example)}
    if isinstance(request, GridRequest):
        return grid_parts(request)
    if isinstance(request, StyleRequest):
        parts = {"content": encode_png(request.content), "style": encode_png(request.style)}
        if request.content_labels is not None and request.style_labels is not None:
            parts["content_labels"] = label_map_png(request.content_labels)
            parts["style_labels"] = label_map_png(request.style_labels)
        return parts
    parts = {"layout": request.layout.to_png()}
    if request.layout.instances is not None:
        parts["instances"] = request.layout.instances_to_png()
    if request.style is not None:
        parts["style"] = encode_png(request.style)
    return parts


def _request(document: Mapping[str, Any], parts: Mapping[str, bytes]) -> Request:
    options, asked = document["options"], document["asked"]
    try:
        if document["task"] == "image":
            return ImageRequest(read_image(parts["image"], "The input picture", whole=True), options)
        if document["task"] == "grid":
            return grid_request(asked, parts, options)
        if document["task"] == "texture":
            height, width = asked["size"]
            example = read_image(parts["example"], "The example", whole=True)
            return TextureRequest(example, (height, width), options)
        style = read_image(parts["style"], "The style picture", whole=True) if "style" in parts else None
        if style is not None and document["task"] == "style":
            return _style_request(parts, style, asked, options)
        return LayoutRequest(_layout(document["label_space"], parts), style, options)
    except (ImageError, LayoutError, RequestError) as error:
        raise RecipeError(f"The recipe in this picture is damaged: {error}") from error


def _style_request(
    parts: Mapping[str, bytes], style: np.ndarray, asked: Mapping[str, Any], options: Mapping[str, str]
) -> StyleRequest:
    labels = {
        whose: read_label_map(parts[f"{whose}_labels"], whose) if f"{whose}_labels" in parts else None
        for whose in ("content", "style")
    }
    return StyleRequest(
        content=read_image(parts["content"], "The content picture", whole=True),
        style=style,
        content_labels=labels["content"],
        style_labels=labels["style"],
        pairs=dict(asked["pairs"]),
        strength=asked["strength"],
        options=options,
        content_origin=asked["content_origin"],
    )


def _layout(space: str, parts: Mapping[str, bytes]) -> Layout:
    reading = read_layout(parts["layout"], space, encoding="index", instances=parts.get("instances"))
    if reading.unknown:
        first = reading.unknown[0]
        raise LayoutError(f"{first.count} pixels of the layout are {first.value}, which is no class of {space}.")
    return reading.layout


def _texts(png: bytes) -> dict[str, bytes]:
    """The uncompressed text chunks of ours, by keyword."""
    texts = {}
    for kind, data in _chunks(png):
        keyword, _, text = data.partition(b"\0")
        if kind == b"tEXt" and keyword.startswith(KEY.encode()):
            texts[keyword.decode("latin-1")] = text
    return texts


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and data of every chunk of a PNG, up to and without its end."""
    if not png.startswith(_SIGNATURE):
        raise RecipeError("This file is not a PNG, and only the PNGs downloaded here carry a recipe.")
    if len(png) > MAX_FILE_BYTES:
        raise RecipeError(f"This picture has {len(png)} bytes; one with a recipe has at most {MAX_FILE_BYTES}.")
    position, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        length = int.from_bytes(png[position : position + 4])
        kind = png[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(png):
            raise RecipeError("This PNG is cut short; download it again.")
        if zlib.crc32(png[position + 4 : end - 4]) != int.from_bytes(png[end - 4 : end]):
            raise RecipeError("This PNG is damaged: a checksum does not match; download it again.")
        yield kind, png[position + 8 : end - 4]
        position = end


def _part(texts: Mapping[str, bytes], name: str) -> bytes:
    if f"{KEY}:{name}" not in texts:
        raise RecipeError(f"The recipe in this picture has lost its {name}; use the PNG as it was downloaded.")
    try:
        return base64.b64decode(texts[f"{KEY}:{name}"], validate=True)
    except ValueError as error:
        raise RecipeError(f"The recipe in this picture is damaged: its {name} is not base64.") from error
