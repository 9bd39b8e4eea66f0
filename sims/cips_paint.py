"""A picture painted pixel by pixel: coarse previews first, in memory that does not grow with it.

Pixels are independent, so every eighth is looked at first, then every fourth, second, and all the others; no pixel is
looked at twice, and the order is the same whether or not anybody watches, so the picture is the same to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sims.bilinear import Bilinear
from sims.cips_stream import CHUNK, Stream
from sims.generator import truncated, unseen
from sims.grid import Grid, Patch
from sims.pixel_noise import pixel_noise

STRIDES = (8, 4, 2, 1)
Watch = Callable[[float], None]  # share that is done; may raise to stop
Show = Callable[[np.ndarray], None]


def paint(
    stream: Stream,
    grid: Grid | Patch,
    mask: np.ndarray | None,
    noise_seed: int | None,
    watch: Watch,
    show: Show,
    wanted: np.ndarray | None = None,
) -> np.ndarray:
    """The picture, RGB uint8 (H, W, 3), of all pixels of a grid, or of those `wanted`, (H, W) bool.

    `mask` (h, w) uint8 is the share of the second style; `noise_seed` is None for no noise. `show` is given a whole
    picture after each round but the last. Values are clamped to [-1, 1] and truncated, as in the authors' notebook.
    """
    picture = np.zeros((grid.height, grid.width, 3), np.uint8)
    shares = _Mask(mask, grid.around) if mask is not None else None
    total = grid.height * grid.width if wanted is None else int(wanted.sum())
    done = 0
    for stride in STRIDES:
        for rows, columns in _chunks(grid.height, grid.width, stride, wanted):
            watch(done / max(total, 1))
            t = None if shares is None else shares(*grid.shares(rows, columns))
            noise = None
            if noise_seed is not None:
                down, across = grid.pixels(rows, columns)
                noise = _noise(noise_seed, down, across)
            colours = stream(grid.points(rows, columns), t, noise)
            picture[rows.numpy(), columns.numpy()] = truncated(colours).cpu().numpy()
            done += len(rows)
        if stride > 1 and wanted is None and show is not unseen:  # or it would be made for nobody
            show(_enlarged(picture, stride))
    return picture


def filled(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The picture (H, W, 3) with the pixels that are not `known` filled in smoothly from those that are.

    Gortler et al., "The Lumigraph" (1996), section 3.4: averages of what is known, pulled up and pushed down again.
    """
    weight = torch.from_numpy(known.astype(np.float32))[None, None]
    colours = torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]
    return _pull_push(colours, weight)[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()


def _pull_push(colours: Tensor, weight: Tensor) -> Tensor:
    """Colours (1, 3, H, W) with those of no `weight` (1, 1, H, W) filled in."""
    height, width = weight.shape[2:]
    if max(height, width) < 2 or bool(weight.all()):
        return colours
    square = (min(2, height), min(2, width))
    share = F.avg_pool2d(weight, square, ceil_mode=True)
    means = F.avg_pool2d(colours * weight, square, ceil_mode=True) / share.clamp(min=1e-6)
    coarse = _pull_push(means, (share > 0).float())
    guess = F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
    return torch.where(weight > 0, colours, guess)


def _chunks(height: int, width: int, stride: int, wanted: np.ndarray | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows and columns of the pixels that are new with this stride, at most `CHUNK` at a time."""
    waiting: list[tuple[Tensor, Tensor]] = []
    count = 0
    for row in range(0, height, stride):
        columns = torch.arange(0, width, stride)
        if stride < STRIDES[0] and row % (2 * stride) == 0:
            columns = columns[1::2]  # the others were there with the larger stride
        if wanted is not None:
            columns = columns[torch.from_numpy(wanted[row])[columns]]
        for part in columns.split(CHUNK):
            if count + len(part) > CHUNK:
                yield _joined(waiting)
                waiting, count = [], 0
            if len(part):
                waiting.append((torch.full_like(part, row), part))
                count += len(part)
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    rows, columns = zip(*parts, strict=True)
    return torch.cat(rows), torch.cat(columns)


class _Mask:
    """The share of the second style, read bilinearly, and around a circle where places come `around` again."""

    def __init__(self, mask: np.ndarray, around: bool):
        self.table = Bilinear(torch.from_numpy(mask.astype(np.float32) / 255)[None], around)

    def __call__(self, u: Tensor, v: Tensor) -> Tensor:
        """(N,) in [0, 1] for places across and down (N,)."""
        return self.table(u * self.table.width - 0.5, v * self.table.height - 0.5)[:, 0]


def _noise(seed: int, rows: Tensor, columns: Tensor) -> Callable[[int], Tensor]:
    return lambda layer: pixel_noise(seed, layer, rows, columns)


def _enlarged(picture: np.ndarray, stride: int) -> np.ndarray:
    """The picture of every `stride`th pixel, each as large as the pixels that it stands for."""
    height, width = picture.shape[:2]
    return picture[::stride, ::stride].repeat(stride, 0).repeat(stride, 1)[:height, :width]
