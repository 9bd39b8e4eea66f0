"""Frames as one file that a browser plays over and over."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from sims.request_error import RequestError, short

KINDS = ("webp", "gif")
MILLISECONDS = (20, 1000)  # that a frame is shown
QUALITY = 88  # of WebP, of 100
COLOURS = 256  # of a GIF
LOOKED_AT = 64  # rows and columns of each frame that its colours are chosen by


def check_pace(kind: object, milliseconds: object) -> None:
    """Raise `RequestError` unless there are such files, and frames can be shown for so long."""
    if kind not in KINDS:
        raise RequestError(f"The film is to be {short(kind)}; it can be {' or '.join(KINDS)}.")
    low, high = MILLISECONDS
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int) or not low <= milliseconds <= high:
        raise RequestError(
            f"A frame is to be shown for {short(milliseconds)} milliseconds; give a whole number from {low} to {high}."
        )


def encode_animation(frames: Sequence[np.ndarray], milliseconds: int, kind: str = "webp") -> bytes:
    """An endless WebP, or GIF, of RGB uint8 frames (H, W, 3) of one size, each shown for so many milliseconds.

    A GIF counts in hundredths of a second. All its frames share one palette, as colours of their own would flicker.
    """
    check_pace(kind, milliseconds)
    pictures = [Image.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    if kind == "gif":
        palette = _palette(frames)
        pictures = [picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for picture in pictures]
        pace = round(milliseconds / 10) * 10
        pictures[0].save(
            buffer, "GIF", save_all=True, append_images=pictures[1:], duration=pace, loop=0, disposal=1, optimize=False
        )
    else:
        pictures[0].save(
            buffer,
            "WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=milliseconds,
            loop=0,
            quality=QUALITY,
            method=4,
        )
    return buffer.getvalue()


def _palette(frames: Sequence[np.ndarray]) -> Image.Image:
    """A picture with the colours that suit all frames."""
    seen = [frame[:: -(-frame.shape[0] // LOOKED_AT), :: -(-frame.shape[1] // LOOKED_AT)] for frame in frames]
    return Image.fromarray(np.concatenate(seen)).quantize(COLOURS, Image.Quantize.MEDIANCUT)
