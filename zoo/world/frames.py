"""One finished frame, and the files it is kept in.

NNNNNN.png         the picture, 8-bit RGB
NNNNNN_labels.png  class of every pixel, 8-bit grey
NNNNNN.npz         instances (H, W) int32, 0 for none, and depth (H, W) float16 in metres, 60000 for the sky
NNNNNN.json        notes: seed, kind, light, season, ...; written last
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zoo.files import write_atomically

ENDINGS = (".png", "_labels.png", ".npz", ".json")
FARTHEST = 6e4  # metres, near the largest float16


@dataclass
class Frame:
    """What one seed shows. `notes` must be JSON."""

    picture: np.ndarray  # (H, W, 3) uint8
    labels: np.ndarray  # (H, W) uint8
    instances: np.ndarray  # (H, W) int32, 0 for none
    depth: np.ndarray  # (H, W) metres
    notes: dict[str, Any] = field(default_factory=dict)


def is_finished(folder: Path, seed: int) -> bool:
    """Whether all files of a frame are there."""
    return all(path_of(folder, seed, ending).is_file() for ending in ENDINGS)


def write(frame: Frame, folder: Path, seed: int) -> None:
    """Write the four files of a frame, none of them ever half there."""
    arrays = io.BytesIO()
    depth = np.minimum(frame.depth, FARTHEST).astype(np.float16)
    np.savez_compressed(arrays, instances=frame.instances.astype(np.int32), depth=depth)
    contents = (png(frame.picture), png(frame.labels), arrays.getvalue(), json.dumps(frame.notes).encode())
    for ending, content in zip(ENDINGS, contents, strict=True):
        write_atomically(path_of(folder, seed, ending), content)


def path_of(folder: Path, seed: int, ending: str) -> Path:
    return folder / f"{seed:06d}{ending}"


def png(image: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(image).save(written, "PNG")
    return written.getvalue()
