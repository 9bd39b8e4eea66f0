"""CIPS streamed against plain formulations, and its memory at four sizes: `python tests/bench/cips.py [--quick]`.

The plain ones are as in the authors' code: weights modulated at every call, grouped 1x1 convolutions, activations of
the whole picture, and passes of their own for bias and rectifier; a blend has weights of its own for every column.
Seconds are those of the processor, on one thread. Memory is what a fresh process holds at most while it paints, less
what it held at most before: the network, and a first picture of 64x64. `--quick` takes smaller pictures.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from cips_goldens import filled  # noqa: E402
from ratios import print_ratio  # noqa: E402
from torch import Tensor  # noqa: E402

from sims.cips import GAIN, SLOPE, Cips, Head, StyledLayer  # noqa: E402
from sims.cips_paint import paint  # noqa: E402
from sims.cips_stream import CHUNK, Stream  # noqa: E402
from sims.generator import GridRequest  # noqa: E402
from sims.grid import Grid  # noqa: E402
from sims.load import load  # noqa: E402
from zoo.convert import FAMILIES, checked_config  # noqa: E402

BUILT_IN = "cips-panorama"
SIZES = ((256, 256), (512, 512), (1024, 1024), (2048, 4096))  # (height, width) that memory is measured at
QUICK = ((64, 64), (128, 128), (256, 256), (256, 512))
COLUMNS = 16  # that have weights at a time


class Plain:
    """A network with a colour head behind every block, layer by layer on the whole picture."""

    def __init__(self, network: Cips):
        self.network = network
        self.layers = [network.get_submodule(name) for name, _, _ in network.layers]
        self.embedding = network.emb.input.clone(memory_format=torch.contiguous_format)

    def __call__(self, style: Tensor, side: int) -> Tensor:
        """(1, 3, side, side) of a style (1, D)."""
        ends = torch.linspace(-1, 1, side)
        points = torch.stack(torch.meshgrid(ends, ends, indexing="xy"))[None]  # (1, 2, H, W)
        fourier = self.network.lff["ffm"].conv
        features = torch.sin(F.conv2d(points, fourier.weight, fourier.bias))
        grid = points.permute(0, 2, 3, 1)
        embedded = F.grid_sample(self.embedding, grid, padding_mode="border", align_corners=False)
        x, colours = torch.cat((features, embedded), 1), torch.zeros(1, 3, side, side)
        for layer in self.layers:
            if isinstance(layer, Head):
                colours = colours + (self.modulated(layer, x, style) + layer.bias)
            else:
                assert isinstance(layer, StyledLayer)
                x = self.modulated(layer, x, style)
                x = F.leaky_relu(x + layer.activate.bias.view(1, -1, 1, 1), SLOPE) * GAIN
        return colours

    def modulated(self, layer: StyledLayer | Head, x: Tensor, style: Tensor) -> Tensor:
        """A 1x1 convolution whose weights are made for this call, as many groups of them as there are styles."""
        batch, channels, height, width = x.shape
        weight = layer.conv(style).unflatten(2, (channels, 1, 1)).flatten(0, 1)
        made = F.conv2d(x.reshape(1, batch * channels, height, width), weight, groups=batch)
        return made.view(batch, -1, height, width)


def straight(stream: Stream, grid: Grid, t: Tensor | None = None) -> Tensor:
    """Colours (H * W, 3) row by row, of a blend where there are shares `t` (H, W)."""
    return torch.cat([stream(grid.points(*place), None if t is None else t[place]) for place in chunks(grid)])


def chunks(grid: Grid) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows and columns (N,) of all pixels."""
    for part in torch.arange(grid.height * grid.width).split(CHUNK):
        yield part // grid.width, part % grid.width


def by_columns(network: Cips, first: Tensor, second: Tensor, grid: Grid, t: Tensor) -> Tensor:
    """Colours (H * W, 3) of a blend by shares `t` (W,), with weights of its own for every column."""
    found = []
    for columns in torch.arange(grid.width).split(COLUMNS):
        rows = torch.arange(grid.height).expand(len(columns), -1)
        points = grid.points(rows.flatten(), columns[:, None].expand_as(rows).flatten()).unflatten(0, rows.shape)
        share = t[columns, None, None]
        found.append(network(points, (1 - share) * first + share * second))
    return torch.cat(found).transpose(0, 1).flatten(0, 1)


def released() -> Cips:
    """The network of the published faces and churches, with seeded weights, as `CipsGenerator` keeps it."""
    network = filled(Cips(checked_config({"family": "cips", **FAMILIES["cips"].presets["ffhq256"]})))
    network.emb.input.data = network.emb.input.data.contiguous(memory_format=torch.channels_last)
    return network


def print_speed(side: int, rounds: int) -> None:
    """The released network, plain, folded and streamed, and so in half precision; and a blend of two styles."""
    network = released()
    latents = torch.randn(2, 512, generator=torch.Generator().manual_seed(0))
    w, plain, grid = network.style(latents), Plain(network), Grid(side, side)
    first, second = (each.expand(len(network.layers), -1) for each in w)

    def whole() -> Tensor:
        return plain(w[:1], side)

    def streamed(precision: str) -> Tensor:
        return straight(Stream(network, first, precision=precision), grid)

    wanted = whole()[0].flatten(1).T
    for precision in ("float32", "bfloat16"):
        apart = (streamed(precision) - wanted).abs()
        print(f"{precision}: at most {apart.max():.1e} apart, {apart.mean():.1e} in the mean, of {wanted.std():.2f}")
    title = f"CIPS, official width, {side}x{side}, one thread, folded for every picture"
    for precision in ("float32", "bfloat16"):
        print_ratio(f"{title}, {precision}", whole, lambda: streamed(precision), rounds, time.process_time)  # noqa: B023
    t = torch.linspace(0, 1, side)

    def blended() -> Tensor:
        return straight(Stream(network, first, second), grid, t.expand(side, -1))

    def columns() -> Tensor:
        return by_columns(network, first, second, grid, t)

    print(f"a blend: at most {(blended() - columns()).abs().max():.1e} apart")
    title = "a style for every pixel, against weights for every column"
    print_ratio(title, columns, blended, max(1, rounds // 2), time.process_time)
    single = Stream(network, first)
    print_ratio(
        "one style, against a style for every pixel", blended, lambda: straight(single, grid), 1, time.process_time
    )


def print_order(size: tuple[int, int], rounds: int) -> None:
    """The built-in panorama, coarse pixels first with three previews, and row by row."""
    generator = load(BUILT_IN, device="cpu")
    network, grid = generator.network, Grid(*size, "cylinder")  # type: ignore[union-attr]
    stream = Stream(network, torch.zeros(len(network.layers), network.config["style_dim"]))

    def progressive() -> np.ndarray:
        return paint(stream, grid, None, None, lambda done: None, lambda image: None)

    title = f"row by row, against coarse pixels first, {size[1]}x{size[0]}"
    print_ratio(title, progressive, lambda: straight(stream, grid), rounds, time.process_time)


def print_memory(sizes: tuple[tuple[int, int], ...]) -> None:
    """Peak memory and seconds of the built-in panorama at all sizes, and how the seconds grow with the pixels."""
    found = []
    for height, width in sizes:
        command = [sys.executable, __file__, "--paint", str(height), str(width)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        more, before, seconds = map(float, told.split())
        picture = 3 * height * width / 2**20
        print(f"{width}x{height}: {more:.0f} MB more than the {before:.0f} MB before, of which the picture has "
              f"{picture:.1f}; {seconds:.1f} s")  # fmt: skip
        found.append((math.log(height * width), math.log(seconds)))
    pixels, seconds = np.array(found).T
    print(f"seconds grow with the pixels to the power of {np.polyfit(pixels, seconds, 1)[0]:.2f}")


def print_one(height: int, width: int) -> None:
    """In a process of its own: what painting takes, in MB and in seconds."""
    generator = load(BUILT_IN, device="cpu")
    generator.generate(GridRequest(size=(64, 64)), seed=1)
    before, start = peak(), time.process_time()
    generator.generate(GridRequest(size=(height, width)), seed=1)
    print(peak() - before, before, time.process_time() - start)


def peak() -> float:
    """The most that this process has held so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--paint", nargs=2, type=int)
    asked = parser.parse_args()
    with torch.inference_mode():
        if asked.paint:
            return print_one(*asked.paint)
        print_memory(QUICK if asked.quick else SIZES)
        print_order((128, 512) if asked.quick else (512, 1024), 3)
        print_speed(64 if asked.quick else 256, 1 if asked.quick else 3)


if __name__ == "__main__":
    main()
