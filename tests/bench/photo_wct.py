"""PhotoWCT in strips with one eigendecomposition each against the plain formulation: `python tests/bench/photo_wct.py`.

The plain one keeps whole maps, pools and unpools with 64-bit indices and takes two singular value decompositions a
level. Memory is what the process holds at most, weights included, less what it held before the picture came.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F
from ratios import print_ratio
from torch import Tensor, nn

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]
from photo_wct_goldens import filled  # noqa: E402

import sims.style.photo_wct as ours  # noqa: E402
from sims.style.photo_wct import LEVELS, PhotoWct  # noqa: E402
from zoo.convert.photo_wct import layers  # noqa: E402

SIDE, LARGE = 512, 2048  # of the pictures that are timed, and that memory is measured with


def picture(side: int, seed: int) -> Tensor:
    """Colours that change slowly, and noise: (1, 3, side, side) in 0..1."""
    rng = torch.Generator().manual_seed(seed)
    coarse = F.interpolate(torch.rand(1, 3, side // 8, side // 8, generator=rng), scale_factor=8, mode="bilinear")
    return (0.9 * coarse + 0.1 * torch.rand(1, 3, side, side, generator=rng)).contiguous()


class Plain:
    """The same network, layer by layer on whole maps."""

    def __init__(self, network: PhotoWct):
        self.network = network

    def __call__(self, content: Tensor, style: Tensor) -> Tensor:
        with torch.inference_mode():
            styles = self.encode(4, style)[0]
            for level in LEVELS:
                found, pools = self.encode(level, content)
                content = self.decode(level, restyled(found[-1], styles[level - 1]), pools)
        return content

    def encode(self, level: int, x: Tensor) -> tuple[list[Tensor], list[tuple[Tensor, torch.Size]]]:
        part = self.network.get_submodule(f"e{level}")
        taps, pools = [], []
        x = part["conv0"](x)
        for name in layers(level):
            if name.endswith("_1") and name != "conv1_1":
                size = x.shape
                x, indices = F.max_pool2d(x, 2, return_indices=True)
                pools.append((indices, size))
            x = torch.relu(part[name](F.pad(x, (1, 1, 1, 1), mode="reflect")))
            if name.endswith("_1"):
                taps.append(x)
        return taps, pools

    def decode(self, level: int, x: Tensor, pools: list[tuple[Tensor, torch.Size]]) -> Tensor:
        part = self.network.get_submodule(f"d{level}")
        for name in reversed(layers(level)):
            x = part[name](F.pad(x, (1, 1, 1, 1), mode="reflect"))
            x = x if name == "conv1_1" else torch.relu(x)
            if name.endswith("_1") and name != "conv1_1":
                indices, size = pools.pop()
                x = F.max_unpool2d(x, indices, 2, output_size=list(size))
        return x


def restyled(content: Tensor, style: Tensor) -> Tensor:
    """Whitening and colouring by singular value decompositions, in turn."""
    x, y = content[0].flatten(1), style[0].flatten(1)
    mean, other = x.mean(1, keepdim=True), y.mean(1, keepdim=True)
    x, y = x - mean, y - other
    _, values, vectors = torch.linalg.svd(x @ x.T / (x.shape[1] - 1) + torch.eye(len(x)))
    white = vectors.T @ torch.diag(values**-0.5) @ vectors @ x
    _, values, vectors = torch.linalg.svd(y @ y.T / (y.shape[1] - 1))
    kept = int((values >= 1e-5).sum()) or len(y)
    vectors = vectors[:kept]
    return (vectors.T @ torch.diag(values[:kept] ** 0.5) @ vectors @ white + other).view(content.shape)


def print_parts(network: PhotoWct, content: Tensor, style: Tensor) -> None:
    """CPU seconds of the parts: everything, and what of it are the convolutions and the statistics."""
    spent: dict[str, float] = {}
    with (
        counted(nn.Conv2d, "forward", "convolutions", spent),
        counted(ours.Moments, "add", "moments", spent),
        counted(ours, "colouring", "decompositions of the style", spent),
        counted(ours, "restyling", "of the content", spent),
    ):
        start = time.process_time()
        statistics = network.style_statistics(style)
        middle = time.process_time()
        network.stylise(content, statistics)
        end = time.process_time()
    print(f"CPU seconds at {SIDE}x{SIDE}: style {middle - start:.2f}, stylise {end - middle:.2f}; of both ", end="")
    print(", ".join(f"{name} {value:.2f}" for name, value in spent.items()))


@contextmanager
def counted(owner: object, name: str, called: str, spent: dict[str, float]) -> Iterator[None]:
    """Add up the CPU seconds of a function."""
    plain: Callable[..., object] = getattr(owner, name)

    def timed(*given: object) -> object:
        start = time.process_time()
        found = plain(*given)
        spent[called] = spent.get(called, 0.0) + time.process_time() - start
        return found

    setattr(owner, name, timed)
    yield
    setattr(owner, name, plain)


def memory() -> float:
    """The most that the process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    torch.set_num_threads(1)
    slim = filled(PhotoWct(0.25)).to(memory_format=torch.channels_last)
    content, style = picture(LARGE, 0), picture(LARGE, 1)
    before = memory()
    slim.stylise(content, slim.style_statistics(style))
    print(f"width 0.25 at {LARGE}x{LARGE}: {memory() - before:.0f} MB more than the {before:.0f} MB before")
    network = filled(PhotoWct())
    plain, content, style = Plain(filled(PhotoWct())), picture(SIDE, 0), picture(SIDE, 1)
    network = network.to(memory_format=torch.channels_last)
    apart = (network.stylise(content, network.style_statistics(style)) - plain(content, style)).abs().mean()
    print(f"the two results are {apart:.1e} apart in the mean")
    print_parts(network, content, style)
    title = f"PhotoWCT, official width, {SIDE}x{SIDE}, one thread"
    print_ratio(
        title,
        lambda: plain(content, style),
        lambda: network.stylise(content, network.style_statistics(style)),
        rounds=3,
    )
    statistics = network.style_statistics(style)
    print_ratio(
        f"{title}, the style seen before",
        lambda: plain(content, style),
        lambda: network.stylise(content, statistics),
        rounds=3,
    )


if __name__ == "__main__":
    main()
