"""Small untrained CIPS networks with lively pictures, and ways to evaluate networks on grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from cips_goldens import filled
from torch import Tensor

from sims.cips import Cips
from sims.cips_stream import CHUNK, Stream
from sims.grid import Grid, Patch, within_half_turn
from zoo.convert import checked_config
from zoo.files import write_checkpoint

TINY: Mapping[str, Any] = {
    **{"family": "cips", "kind": "skip", "size": 8, "embedding": [12, 16], "native_size": [24, 40]},
    **{"hidden": 8, "style_dim": 6, "n_mlp": 2, "width": 16},
}


def tiny(**changes: Any) -> Cips:
    """A network of a few thousand weights."""
    return filled(Cips(checked_config({**TINY, **changes})))


def cips_checkpoint(folder: Path, **changes: Any) -> Path:
    """That network as a checkpoint in a folder."""
    network = tiny(**changes)
    write_checkpoint(folder, network.state_dict(), network.config)
    return folder


def tiny_style(network: Cips, seed: int, layers: int = 1) -> Tensor:
    """A style for every layer, (L, D): the same one, or one for each of so many."""
    drawn = torch.randn(layers, network.config["style_dim"], generator=torch.Generator().manual_seed(seed))
    return drawn.expand(len(network.layers), -1)


def places(grid: Grid | Patch) -> tuple[Tensor, Tensor]:
    """Rows and columns (H * W,) of all pixels of a grid."""
    rows, columns = torch.meshgrid(torch.arange(grid.height), torch.arange(grid.width), indexing="ij")
    return rows.flatten(), columns.flatten()


@torch.inference_mode()
def plain(network: Cips, styles: Tensor, grid: Grid | Patch, maps: Tensor | None = None) -> Tensor:
    """The picture (3, H, W), unbounded, by the network itself; `maps` (L', H, W) is noise."""
    noise = None if maps is None else maps.flatten(1)[:, None]
    colours = network(grid.points(*places(grid))[None], styles[None], noise)
    return colours[0].T.unflatten(1, (grid.height, grid.width))


@torch.inference_mode()
def streamed(stream: Stream, grid: Grid | Patch, t: Tensor | None = None, maps: Tensor | None = None) -> Tensor:
    """The same by a stream, in chunks; `t` (H, W) is the share of the second style."""
    rows, columns = places(grid)
    found = []
    for chunk in torch.arange(len(rows)).split(CHUNK):
        noise = None if maps is None else (lambda layer, chunk=chunk: maps[layer].flatten()[chunk])
        shares = None if t is None else t.flatten()[chunk]
        found.append(stream(grid.points(rows[chunk], columns[chunk]), shares, noise))
    return torch.cat(found).T.unflatten(1, (grid.height, grid.width))


def turned(grid: Grid, degrees: float) -> Grid:
    """The grid turned further."""
    return replace(grid, turn=within_half_turn(grid.turn + degrees))
