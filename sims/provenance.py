"""Pictures that carry the recipe they were made by, in text chunks of their PNG (RFC 2083, sections 3 and 4.2.3).

The chunk "sims-studio" holds a JSON document; the layout, its instances, the style picture or the input picture
follow as PNGs of their own, in base64. Reading treats all of it as untrusted data: nothing is executed, no name
becomes a path, and every field is checked and bounded.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import PngImagePlugin

from sims.generator import MAX_SEED, ImageRequest, LayoutRequest, Picture, Request
from sims.image_files import ImageError, encode_png, read_image
from sims.label_space import LayoutError
from sims.layout import Layout
from sims.layout_files import read_layout

VERSION = "0.1.0"
KEY = "sims-studio"
FORMAT = 1
PARTS = {"layout": ("layout", "instances", "style"), "image": ("image",)}  # by task; the first is required
MAX_FILE_BYTES = 96 * 1024 * 1024
MAX_DOCUMENT_BYTES = 64 * 1024
MAX_ENTRIES = 32  # of the options, and of the stages that were timed
MAX_TEXT = 255
MAX_NAME_BYTES = 100  # so that a file can be called by it
MAX_SECONDS = 1e9
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NAME = re.compile(r"\w[\w .,+()-]*")


class RecipeError(ValueError):
    """A picture whose recipe cannot be read; the text is one sentence meant for the person who dropped it in."""


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
        "task": "image" if layout is None else "layout",
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
    document = _document(texts[KEY])
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


def _request_parts(request: Request) -> dict[str, bytes]:
    """The pictures that a request is made of, by part name, as PNGs."""
    if isinstance(request, ImageRequest):
        return {"image": encode_png(request.image)}
    parts = {"layout": request.layout.to_png()}
    if request.layout.instances is not None:
        parts["instances"] = request.layout.instances_to_png()
    if request.style is not None:
        parts["style"] = encode_png(request.style)
    return parts


def _request(document: Mapping[str, Any], parts: Mapping[str, bytes]) -> Request:
    options = document["options"]
    try:
        if document["task"] == "image":
            return ImageRequest(read_image(parts["image"], "The input picture"), options)
        style = read_image(parts["style"], "The style picture") if "style" in parts else None
        return LayoutRequest(_layout(document["label_space"], parts), style, options)
    except (ImageError, LayoutError) as error:
        raise RecipeError(f"The recipe in this picture is damaged: {error}") from error


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


def _document(text: bytes) -> dict[str, Any]:
    """The checked JSON document: exactly the fields of `_FIELDS`, each as it should be."""
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
    for name in sorted(document.keys() ^ _FIELDS.keys()):
        state = "is unknown" if name in document else "is missing"
        raise RecipeError(f"The recipe in this picture is damaged: the field {name[:MAX_TEXT]!r} {state}.")
    for name, (accepts, wanted) in _FIELDS.items():
        if not accepts(document[name]):
            raise RecipeError(f"The recipe in this picture is damaged: the field {name!r} is not {wanted}.")
    allowed, given = PARTS[document["task"]], document["parts"]
    if allowed[0] not in given or not set(given) <= set(allowed):
        raise RecipeError(f"The recipe in this picture is damaged: its parts should be among {', '.join(allowed)}.")
    if (document["label_space"] is None) == (document["task"] == "layout"):
        raise RecipeError("The recipe in this picture is damaged: a label space goes with a layout, and with it alone.")
    return document


def _part(texts: Mapping[str, bytes], name: str) -> bytes:
    if f"{KEY}:{name}" not in texts:
        raise RecipeError(f"The recipe in this picture has lost its {name}; use the PNG as it was downloaded.")
    try:
        return base64.b64decode(texts[f"{KEY}:{name}"], validate=True)
    except ValueError as error:
        raise RecipeError(f"The recipe in this picture is damaged: its {name} is not base64.") from error


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT and value.isprintable()


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


_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "format": ((lambda value: value == FORMAT), f"{FORMAT}"),
    "version": (_is_text, "a line of text"),
    "generator": (_is_name, f"a name without slashes of at most {MAX_NAME_BYTES} bytes"),
    "revision": (_is_text, "a line of text"),
    "seed": ((lambda value: _is_whole(value, 0, MAX_SEED)), f"a whole number from 0 to {MAX_SEED}"),
    "options": (_is_texts, f"at most {MAX_ENTRIES} lines of text by name"),
    "seconds": (_is_seconds, f"at most {MAX_ENTRIES} durations by name"),
    "task": ((lambda value: value in tuple(PARTS)), " or ".join(PARTS)),
    "label_space": ((lambda value: value is None or _is_name(value)), "the name of a label space"),
    "parts": (_is_part_names, "a list of names"),
}
