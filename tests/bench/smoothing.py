"""The closed-form smoothing against other ways to solve its system: `python tests/bench/smoothing.py`.

All times are CPU seconds of one thread, from pictures to pictures, so that what else the machine does counts little.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import scipy.sparse as sparse  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from scipy.sparse.linalg import factorized, spilu  # noqa: E402
from skimage import data, transform  # noqa: E402
from torch import Tensor  # noqa: E402

from sims.style.affinity import OFFSETS, affinity, degrees  # noqa: E402
from sims.style.guided import guided  # noqa: E402
from sims.style.local_affine import local_affine  # noqa: E402
from sims.style.smoothing import BETA, System, smooth, solve  # noqa: E402

PICTURES = ("astronaut", "coffee", "rocket")
LIMIT = 1e-4
STAGES = {"smooth": smooth, "local_affine": local_affine, "guided": guided}
Operator = Callable[[Tensor], Tensor]


def photograph(name: str, side: int) -> tuple[Tensor, Tensor]:
    """A stand-in for a stylised picture (other colours, blocks, noise) and its content, (3, side, side) float64."""
    picture = getattr(data, name)()
    content = (transform.resize(picture, (side, side, 3), anti_aliasing=True) * 255).round() / 255
    rng = np.random.default_rng(1)
    blocks = rng.normal(0, 0.08, (side // 8 + 1, side // 8 + 1, 3)).repeat(8, 0).repeat(8, 1)[:side, :side]
    stylised = 1 - content[..., [1, 2, 0]] * 0.7 + blocks + rng.normal(0, 0.03, content.shape)
    eight_bits = (stylised.clip(0, 1) * 255).astype(np.uint8) / 255
    return tuple(torch.from_numpy(np.ascontiguousarray(one.transpose(2, 0, 1))) for one in (eight_bits, content))


def sparse_system(content: Tensor) -> sparse.csc_array:
    """D - beta W, which has the pattern of 1 - beta S."""
    _, height, width = content.shape
    numbers, stencil = np.arange(height * width).reshape(height, width), affinity(content).numpy()
    rows, columns, entries = [], [], []
    for (down, right), values in zip(OFFSETS, stencil, strict=True):
        at = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
        there = (slice(down, height), slice(max(0, right), width - max(0, -right)))
        one, other, entry = numbers[at].ravel(), numbers[there].ravel(), values[at].ravel()
        both = ((one, other), (other, one)) if (down, right) != (0, 0) else ((one, other),)
        for row, column in both:
            rows.append(row), columns.append(column), entries.append(entry)
    pairs = (np.concatenate(rows), np.concatenate(columns))
    weights = sparse.csc_array((np.concatenate(entries), pairs), shape=(height * width,) * 2)
    return (sparse.diags_array(degrees(height, width).numpy().ravel()) - BETA * weights).tocsc()


def by_elimination(stylised: Tensor, content: Tensor) -> Tensor:
    """The reference's default: SuperLU with COLAMD, in float64."""
    root = degrees(*content.shape[1:]).sqrt().numpy().ravel()
    solver = factorized(sparse_system(content))
    channels = [solver((1 - BETA) * root * channel.numpy().ravel()) * root for channel in stylised]
    return torch.from_numpy(np.stack(channels)).view_as(content)


def by_iteration(times: Operator, precondition: Operator, right: Tensor, wanted: Tensor) -> int:
    """How many iterations of conjugate gradients come to `wanted` (3, n) within the limit; -1 where 1000 do not."""
    found, residual, direction, power = torch.zeros_like(right), right.clone(), torch.zeros_like(right), 1.0
    for number in range(1, 1001):
        estimate, before = precondition(residual), power
        power = (residual * estimate).sum(1, keepdim=True)
        direction = estimate + (power / before if number > 1 else 0) * direction
        product = times(direction)
        size = power / (direction * product).sum(1, keepdim=True)
        found, residual = found + size * direction, residual - size * product
        if (found - wanted).abs().max() < LIMIT / 3:
            return number
    return -1


def compare(name: str, side: int) -> None:
    """Iterations and seconds until the true error is below the limit, by preconditioner."""
    stylised, content = photograph(name, side)
    degree = degrees(side, side).reshape(-1)
    start = stylised.flatten(1) / degree.sqrt()
    wanted = by_elimination(stylised, content).flatten(1) / degree.sqrt() - start
    system, exact = System(content, degree, lambda: None), sparse_system(content)
    right = (1 - BETA) * degree.sqrt() * stylised.flatten(1) - system.times(start)
    diagonal = torch.from_numpy(exact.diagonal()).float()
    begun = time.process_time()
    cycle = system.multigrid(lambda: None)
    building, begun = time.process_time() - begun, time.process_time()
    factors = spilu(exact, drop_tol=1e-3, fill_factor=8, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0)
    factoring = time.process_time() - begun

    def by_factors(vector: Tensor) -> Tensor:
        return torch.from_numpy(factors.solve(vector.double().numpy().T.copy()).T).to(vector)

    def by_stencil(vector: Tensor) -> Tensor:
        return system.single.times(vector[None])[0]

    ways: dict[str, tuple[Operator, Operator, float]] = {
        "incomplete factors": (by_stencil, by_factors, factoring),
        "multigrid": (by_stencil, lambda vector: cycle(vector[None])[0], building),
        "diagonal": (by_stencil, lambda vector: vector / diagonal, 0.0),
        "none": (by_stencil, lambda vector: vector, 0.0),
        "none, the matrix made anew each time": (lambda vector: system.times(vector.double()), lambda v: v, 0.0),
    }
    for way, (times, precondition, before) in ways.items():
        begun = time.process_time()
        number = by_iteration(times, precondition, right if "anew" in way else right.float(), wanted)
        print(f"{name} {side}, {way}: {number} iterations, {before + time.process_time() - begun:.2f} s", flush=True)


def seconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def ratio(name: str, side: int) -> None:
    """How many times as fast as the reference's default this is."""
    pair, kept = photograph(name, side), []
    slow = seconds(lambda: kept.append(by_elimination(*pair)))
    quick = min(seconds(lambda: kept.append(solve(*pair, LIMIT, lambda done: None))) for _ in range(2))
    off = float((kept[0] - kept[-1]).abs().max())
    times = f"elimination {slow:.1f} s, ours {quick:.1f} s: {slow / quick:.1f} times as fast"
    print(f"{name} {side}: {times}, largest difference {off:.0e}", flush=True)


def spent(side: int) -> float:
    """CPU seconds of one picture."""
    pair, told = photograph("astronaut", side), []
    found = seconds(lambda: solve(*pair, LIMIT, told.append))
    print(f"astronaut {side}: {found:.2f} s, {sum(done > 0 for done in told)} iterations", flush=True)
    return found


def main() -> None:
    """Print everything."""
    torch.set_num_threads(1)
    ratio("astronaut", 512)
    sides = (256, 512, 1024)
    for (small, large), steps in zip(pairwise(map(spent, sides)), pairwise(sides), strict=True):
        print(f"growth {steps[0]} -> {steps[1]}: seconds ~ pixels^{math.log(large / small) / math.log(4):.2f}")
    for stage in STAGES:
        subprocess.run([sys.executable, __file__, stage], check=True)
    for name in PICTURES:
        compare(name, 256)


def at_four_megapixels(stage: str) -> None:
    """One stage in a process of its own, at 2048x2048, and the most memory that it held."""
    torch.set_num_threads(1)
    content = np.asarray(Image.fromarray(data.astronaut()).resize((2048, 2048), Image.Resampling.BICUBIC))
    found = seconds(lambda: STAGES[stage](255 - content, content))
    # getrusage would count what the process that started this one held.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) * 1024 / 1e9
    speed = found / (content.shape[0] * content.shape[1] / 1e6)
    print(f"2048x2048, {stage}: {found:.1f} s, {speed:.1f} s a megapixel, at most {peak:.2f} GB in the process")


if __name__ == "__main__":
    at_four_megapixels(sys.argv[1]) if len(sys.argv) > 1 else main()
