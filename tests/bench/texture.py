"""Rounds of projections against descent on the same statistics: `python tests/bench/texture.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from ratios import print_ratio, seconds  # noqa: E402
from torch import Tensor  # noqa: E402

from sims.generator import TextureRequest  # noqa: E402
from sims.style.gallery import texture_examples  # noqa: E402
from sims.style.steerable import SteerablePyramid  # noqa: E402
from sims.style.texture import MOMENTUM, SteerableTexture  # noqa: E402
from sims.style.texture_example import Colours, seamless  # noqa: E402
from sims.style.texture_statistics import TextureStatistics, measure, neighbours  # noqa: E402
from sims.style.texture_synthesis import project  # noqa: E402

SIDE, ROUNDS, EVALUATIONS = 256, 25, 50


def numbers(found: TextureStatistics) -> list[Tensor]:
    """All statistics that descent is to attain."""
    marginals = found.marginals
    listed = [marginals.variance, marginals.skewness, marginals.kurtosis, found.high]
    for low in found.lows:
        listed += [low.autocorrelation, low.skewness, low.kurtosis, low.covariance]
    for band in found.bands:
        parts = (band.mean, band.autocorrelation, band.covariance, band.real, band.across, band.phase)
        listed += [part for part in parts if part is not None]
    return listed


def distance(found: TextureStatistics, wanted: TextureStatistics) -> Tensor:
    """The sum of the relative squared errors."""
    pairs = zip(numbers(found), numbers(wanted), strict=True)
    return torch.stack([(a - b).square().sum() / (b.square().sum() + 1e-9) for a, b in pairs]).sum()


class Race:
    """Both methods from the same noise towards the statistics of one example."""

    def __init__(self, name: str) -> None:
        picture = seamless(next(item for item in texture_examples() if item.name == name).picture(), 16)
        channels = Colours.of(picture).channels(picture)
        size = (channels.shape[1], channels.shape[2])
        self.reach = neighbours(size, 4, 7)
        self.wanted = measure(channels, SteerablePyramid(*size), self.reach)
        self.pyramid = SteerablePyramid(SIDE, SIDE)
        self.noise = torch.randn(len(channels), SIDE, SIDE, generator=torch.Generator().manual_seed(0))

    def error(self, images: Tensor) -> Tensor:
        """The distance of the images' statistics."""
        return distance(measure(images, self.pyramid, self.reach), self.wanted)

    def decomposition(self) -> object:
        """The pyramid that every round begins with."""
        return self.pyramid.decompose(self.noise)

    def round(self) -> Tensor:
        """One round of projections."""
        return project(self.noise, self.pyramid, self.wanted)

    def evaluation(self) -> None:
        """One evaluation of the distance with its gradient, which descent needs at least one of a step."""
        self.error(self.noise.clone().requires_grad_()).backward()

    def projected(self) -> None:
        """All rounds."""
        made = last = self.noise
        for _ in range(ROUNDS):
            new = project(made, self.pyramid, self.wanted)
            made, last = new + MOMENTUM * (new - last), new
        self.result = last

    def descended(self) -> None:
        """L-BFGS with a line search."""
        images = self.noise.clone().requires_grad_()
        optimiser = torch.optim.LBFGS(
            [images], max_iter=EVALUATIONS, max_eval=EVALUATIONS, history_size=10, line_search_fn="strong_wolfe"
        )

        def closure() -> Tensor:
            optimiser.zero_grad()
            error = self.error(images)
            error.backward()
            return error.detach()

        optimiser.step(closure)
        self.result = images.detach()


def main() -> None:
    torch.set_num_threads(1)
    race = Race("autumn-leaves")
    print(f"colour, {SIDE}x{SIDE}, {race.wanted.count()} statistics")
    print_ratio("a decomposition, against a round", race.round, race.decomposition, 5)
    print_ratio("a round, against an evaluation of descent", race.evaluation, race.round, 5)
    for title, work in ((f"{ROUNDS} rounds", race.projected), (f"{EVALUATIONS} evaluations", race.descended)):
        taken = seconds(work)
        before, after = float(race.error(race.noise)), float(race.error(race.result))
        print(f"{title}: distance {before:.2f} -> {after:.3f}, {taken:.1f} s")
    generator = SteerableTexture(torch.device("cpu"))
    for item in texture_examples():
        made = generator.generate(TextureRequest(item.picture(), (SIDE, SIDE)))
        print(f"{item.name}: {sum(made.seconds.values()):.1f} s on one thread")


if __name__ == "__main__":
    main()
