"""Textures by joint statistics: like their example, of any size, without seams, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from sims.generator import Cancelled, RequestError, TextureRequest
from sims.style.gallery import style_pictures, texture_examples
from sims.style.steerable import SteerablePyramid
from sims.style.texture import MOMENTUM, SteerableTexture
from sims.style.texture_example import Colours, joined_side, seamless
from sims.style.texture_statistics import TextureStatistics, measure, neighbours
from sims.style.texture_synthesis import project
from sims.world import World

SMALL = {"scales": "2", "orientations": "2", "neighbourhood": "3", "iterations": "2"}
# Of the distance of each kind of statistics, relative to their norm; noise starts at 0.6 to 1 for most of them.
BOUNDS = {
    "bands mean": 0.06,
    "bands autocorrelation": 0.2,
    "bands covariance": 0.22,
    "bands real": 0.1,
    "bands across": 0.25,
    "bands phase": 0.3,
    "lows autocorrelation": 0.05,
    "lows skewness": 0.2,
    "lows kurtosis": 0.08,
    "lows covariance": 0.03,
    "variance": 0.005,
    "kurtosis": 0.01,
    "high": 0.02,
}


@pytest.fixture(scope="module")
def generator() -> SteerableTexture:
    return SteerableTexture(torch.device("cpu"))


def leaves(height: int = 96, width: int = 96) -> np.ndarray:
    return World().read("street", "010096").picture[6 : 6 + height, :width]


def parts(found: TextureStatistics) -> dict[str, list[Tensor]]:
    bands = ("mean", "autocorrelation", "covariance", "real", "across", "phase")
    lows = ("autocorrelation", "skewness", "kurtosis", "covariance")
    by_name = {f"bands {name}": [getattr(band, name) for band in found.bands] for name in bands}
    by_name |= {f"lows {name}": [getattr(low, name) for low in found.lows] for name in lows}
    by_name |= {"variance": [found.marginals.variance], "kurtosis": [found.marginals.kurtosis], "high": [found.high]}
    return {name: [part for part in listed if part is not None] for name, listed in by_name.items()}


def test_after_25_rounds_the_statistics_are_those_of_the_example() -> None:
    example = seamless(leaves(), 16)
    reach = neighbours((80, 80), 4, 7)
    target = measure(Colours.of(example).channels(example), SteerablePyramid(80, 80), reach)
    pyramid = SteerablePyramid(96, 96)
    made = last = torch.randn(3, 96, 96, generator=torch.Generator().manual_seed(3))
    for _ in range(25):
        projected = project(made, pyramid, target)
        made, last = projected + MOMENTUM * (projected - last), projected
    wanted, found = parts(target), parts(measure(last, pyramid, reach))
    for name, bound in BOUNDS.items():
        scale = sum(float(part.norm()) ** 2 for part in wanted[name]) ** 0.5
        error = sum(float((a - b).norm()) ** 2 for a, b in zip(found[name], wanted[name], strict=True)) ** 0.5
        assert error < bound * scale, (name, error / scale)


def test_a_texture_looks_like_its_example_and_depends_on_the_seed_alone(generator: SteerableTexture) -> None:
    request = TextureRequest(leaves(), (64, 96), {"iterations": "6"})
    picture = generator.generate(request, seed=5)
    assert picture.image.shape == (64, 96, 3)
    assert picture.image.dtype == np.uint8
    assert picture.generator == "steerable"
    assert list(picture.seconds) == ["measure the example", "synthesise"]
    assert np.abs(picture.image.mean((0, 1)) - request.example.mean((0, 1))).max() < 8
    assert (picture.image.max((0, 1)) <= request.example.max((0, 1))).all()
    assert np.array_equal(generator.generate(request, seed=5).image, picture.image)
    assert np.abs(generator.generate(request, seed=6).image.astype(float) - picture.image).mean() > 5


@pytest.mark.parametrize("size", [(48, 64), (50, 33), (130, 35)])
def test_any_size_is_cut_from_a_periodic_one(generator: SteerableTexture, size: tuple[int, int]) -> None:
    picture = generator.generate(TextureRequest(leaves(70, 65), size, SMALL)).image
    assert picture.shape == (*size, 3)


def test_it_tiles_without_a_seam(generator: SteerableTexture) -> None:
    picture = generator.generate(TextureRequest(leaves(), (64, 64), {"iterations": "10"})).image.astype(float)
    for axis in (0, 1):
        steps = np.abs(picture - np.roll(picture, 1, axis)).mean(axis=(1 - axis, 2))
        assert steps[0] < 1.5 * steps[1:].mean()  # between the last and the first row, as between any two
        assert steps[0] < steps[1:].max() * 1.2


def test_grey_stays_grey_and_one_colour_stays_one(generator: SteerableTexture) -> None:
    grey = np.repeat(leaves()[..., 1:2], 3, axis=2)
    picture = generator.generate(TextureRequest(grey, (48, 48), SMALL)).image
    assert np.array_equal(picture, np.repeat(picture[..., :1], 3, axis=2))
    assert picture.std() > 10
    plain = np.full((64, 64, 3), (10, 200, 77), np.uint8)
    assert np.array_equal(generator.generate(TextureRequest(plain, (40, 50), SMALL)).image, plain[:40, :50])


def test_every_round_is_shown_and_can_be_the_last(generator: SteerableTexture) -> None:
    shown: list[np.ndarray] = []
    fractions: list[float] = []

    def progress(fraction: float, what: str) -> None:
        fractions.append(fraction)
        if what == "round 3 of 5":
            raise Cancelled

    request = TextureRequest(leaves(), (40, 48), SMALL | {"iterations": "5"})
    with pytest.raises(Cancelled):
        generator.generate(request, progress=progress, preview=shown.append)
    assert len(shown) == 2
    assert shown[0].shape == (40, 48, 3)
    assert fractions == sorted(fractions)
    result = generator.generate(request, preview=shown.append).image
    assert len(shown) == 7
    assert np.array_equal(shown[-1], result)


@pytest.mark.parametrize(
    ("example", "size", "options", "sentence"),
    [
        (
            (55, 70),
            (64, 64),
            {},
            "The example is 70x55; 4 scales need at least 56x56 pixels, so give a larger one, or ask for fewer scales.",
        ),
        ((90, 90), (64, 64), {"scales": "5"}, "The example is 90x90; 5 scales need at least 104x104 pixels, so give a"
         " larger one, or ask for fewer scales."),
        ((64, 64), (2048, 1024), {}, "The texture's size is 2048x1024 (height x width); steerable makes at most"
         " 1048576 pixels, such as 1024x1024."),
        ((64, 64), (64, 64), {"iterations": "201"}, "Option iterations of steerable is '201'; it accepts 25 or a number"
         " from 1 to 200."),
    ],
)  # fmt: skip
def test_refuses_in_one_sentence(
    generator: SteerableTexture, example: tuple[int, int], size: tuple[int, int], options: dict, sentence: str
) -> None:
    with pytest.raises(RequestError) as error:
        generator.generate(TextureRequest(np.zeros((*example, 3), np.uint8), size, options))
    assert str(error.value) == sentence


def test_of_large_examples_the_middle_is_looked_at(generator: SteerableTexture) -> None:
    wide = np.zeros((64, 1100, 3), np.uint8)
    wide[:, 38:-38] = (1, 2, 3)
    picture = generator.generate(TextureRequest(wide, (33, 33), SMALL))
    assert np.array_equal(picture.image, np.full((33, 33, 3), (1, 2, 3), np.uint8))
    assert picture.notes == ("The example is 1100x64; its statistics are those of the 1024x64 in its middle.",)


def test_opposite_borders_are_joined() -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 128).astype(np.uint8)[:, None, None], (128, 100, 3))
    joined = seamless(ramp, 16)
    assert joined.shape == (joined_side(128, 16), joined_side(100, 16), 3) == (112, 80, 3)
    assert np.abs(np.diff(joined, axis=0, append=joined[:1])).max() < 0.15  # it was 1 between the last and the first
    assert joined.min() >= 0
    assert joined.max() <= 1


def test_colours_come_apart_and_together_again() -> None:
    picture = leaves().astype(np.float32) / 255
    colours = Colours.of(picture)
    channels = colours.channels(picture)
    torch.testing.assert_close(channels.flatten(1).cov(correction=0), torch.eye(3), rtol=0, atol=1e-3)
    assert np.array_equal(colours.picture(channels), leaves())


def test_the_gallery_is_there() -> None:
    textures, styles = texture_examples(), style_pictures()
    assert len({sample.name for sample in (*textures, *styles)}) == len(textures) + len(styles) == 19
    for texture in textures:
        assert texture.picture().shape == (texture.side, texture.side, 3)
        assert texture.picture().dtype == np.uint8
    for style in styles:
        assert style.picture().shape[:2] == style.labels().shape
        style.label_space.check(style.labels())
