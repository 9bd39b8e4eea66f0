"""What the layout side of the page does, without a page: read, convert, start afresh, describe."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sims.image_files import MAX_FILE_BYTES, read_image
from sims.label_space import LayoutError, label_space
from sims.layout import Layout
from sims.layout_files import LayoutReading, layout_from_editor, read_layout

BLANK_SIZE = (256, 512)
ENCODINGS = {"Detect": "auto", "Class ids": "index", "Colours": "colour", "Nearest colour": "nearest"}


def uploaded_bytes(path: str | None, what: str) -> bytes:
    """The bytes of a file that Gradio received. `LayoutError` names `what` if there is none, or it is too large."""
    if not path:
        raise LayoutError(f"There is no {what}; choose a file first.")
    try:
        if Path(path).stat().st_size > MAX_FILE_BYTES:
            raise LayoutError(f"The {what} is too large; give at most {MAX_FILE_BYTES // 2**20} MiB.")
        return Path(path).read_bytes()
    except OSError as error:
        raise LayoutError(f"The {what} is no longer on the server; choose it again.") from error


def uploaded_picture(path: str) -> np.ndarray:
    """The style picture in an uploaded file, RGB uint8 (H, W, 3). Raises `LayoutError` or `ImageError`."""
    return read_image(uploaded_bytes(path, "style picture"), "The style picture")


def read_upload(label_map: str | None, instances: str | None, space: str, encoding: str) -> LayoutReading:
    """The layout in uploaded files. `encoding` is a value of `ENCODINGS`. Raises `LayoutError`."""
    if encoding not in ENCODINGS.values():
        raise LayoutError(f"The encoding is {encoding[:40]!r}; it is one of {', '.join(ENCODINGS.values())}.")
    label_space(space)
    data = uploaded_bytes(label_map, "label map")
    inside = uploaded_bytes(instances, "instance map") if instances else None
    return read_layout(data, space, encoding=encoding, instances=inside)


def painted_layout(value: object, origin: Layout | None) -> Layout:
    """The layout in the editor, with the instances of `origin`, the layout it began as, where it was not painted over.

    Every connected area that was painted becomes an instance of its own. Raises `LayoutError` for an empty or
    damaged value.
    """
    if value is None:
        raise LayoutError("There is no layout yet; choose a sample, upload a label map, or paint one.")
    layout = layout_from_editor(value)
    if origin is None or origin.space != layout.space or origin.size != layout.size:
        return layout
    return origin.repainted(layout.ids)


def blank_layout(space: str) -> Layout:
    """A layout of the usual size in which every pixel is still unknown."""
    empty = label_space(space)
    return Layout(np.full(BLANK_SIZE, empty.unknown, np.uint8), empty)


def convert(layout: Layout, space: str) -> tuple[Layout, str]:
    """The layout in another label space, and a report of what could not be mapped."""
    remapped = layout.to_space(space)
    told = " ".join(remapped.sentences()) or "Every class has its counterpart."
    return remapped.layout, f"Converted to {remapped.layout.space.title}. {told}"


def describe(layout: Layout) -> str:
    """One line: size, label space and number of classes."""
    height, width = layout.size
    counts = layout.counts()
    return f"{width}×{height}, {layout.space.title}, {len(counts)} {'class' if len(counts) == 1 else 'classes'}."
