"""PhotoWCT: the network against its reference under seeded weights, strip by strip and as a whole."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from photo_wct_goldens import case, filled, picture
from safetensors.torch import load_file, save_file
from torch import Tensor

from sims.generator import Cancelled, RequestError
from sims.style.photo_wct import LEVELS, PhotoWct
from sims.style.regions import WHOLE, matched

WHOLE_PICTURE = 10**9  # pixels of a strip
STAGE, MEAN = 1e-3, 1e-3
_, NOSEG = case("photowct_noseg")
_, SEG3 = case("photowct_seg3")
CONTENT, STYLE = picture(NOSEG["content"]), picture(NOSEG["style"])
STAGES = {4: (CONTENT, "img_d4"), 3: (NOSEG["img_d4"], "img_d3"), 2: (NOSEG["img_d3"], "img_d2")}
STAGES |= {1: (NOSEG["img_d2"], "out")}


@pytest.fixture(scope="module")
def network() -> PhotoWct:
    """The full network, under strips of a few rows."""
    return filled(PhotoWct(strip_pixels=1000))


@pytest.fixture(scope="module")
def small() -> PhotoWct:
    return filled(PhotoWct(0.25))


def furthest(found: Tensor, stored: Tensor) -> float:
    return (found - stored).abs().max().item()


def pixels(height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def flat(positions: Tensor, width: int) -> Tensor:
    """Positions in 2x2 windows as indices into the map that was pooled."""
    rows, columns = torch.arange(positions.shape[1])[:, None], torch.arange(positions.shape[2])
    corner = positions.int()
    return ((2 * rows + corner // 2) * width + 2 * columns + corner % 2).int()


# ------------------------------------------------------------------------------------------------------- the reference


def test_features_and_maxima_are_those_of_the_reference(network: PhotoWct) -> None:
    for level, every in {4: 1, 3: 1, 2: 2, 1: 4}.items():
        with torch.inference_mode():
            features, pools = network.encode(level, STAGES[level][0])
        assert furthest(features[:, ::16, ::every, ::every], NOSEG[f"feat_e{level}"]) < STAGE, level
        assert len(pools) == level - 1
        if level == 4:
            for number in (1, 3):
                pool = pools[number - 1]
                assert torch.equal(flat(pool.positions[0, :4], pool.size[1]), NOSEG[f"pool{number}_idx"])


@pytest.mark.parametrize("level", LEVELS)
def test_each_stage_is_that_of_the_reference(network: PhotoWct, level: int) -> None:
    """Every level from the picture that the reference had there, since the maxima of later ones are ties."""
    image, name = STAGES[level]
    statistics = network.style_statistics(STYLE)
    with torch.inference_mode():
        found = network._restyled(level, image, statistics[level], WHOLE, lambda done: None)
    assert furthest(found, NOSEG[name]) < STAGE


def test_the_stylised_picture_is_that_of_the_reference(network: PhotoWct) -> None:
    found = network.stylise(CONTENT, network.style_statistics(STYLE))
    assert (found - NOSEG["out"]).abs().mean() < MEAN
    assert (found - NOSEG["out_float64"]).abs().mean() < 1e-5


@pytest.mark.parametrize(("variant", "times"), [("", 1), ("_b", 1), ("_double_size_seg", 2)])
def test_regions_are_those_of_the_reference(network: PhotoWct, variant: str, times: int) -> None:
    maps = "_b" if variant == "_b" else ""
    labels = SEG3[f"cont_seg{maps}"].numpy().repeat(times, 0).repeat(times, 1)
    regions = matched(labels, SEG3[f"styl_seg{maps}"].numpy(), {}, (64, 96), (80, 64))
    assert set(regions.looks) == {0, 1, 2}
    assert len(regions.notes) == (2 if variant == "_b" else 0)
    found = network.stylise(CONTENT, network.style_statistics(STYLE, regions.style), regions)
    assert (found - SEG3[f"out{variant}"]).abs().mean() < 1e-4


# -------------------------------------------------------------------------------------------------------------- strips


@pytest.mark.parametrize(("height", "width"), [(64, 96), (37, 51), (16, 16), (17, 131), (100, 19)])
def test_strips_give_what_the_whole_picture_gives(small: PhotoWct, height: int, width: int) -> None:
    content, style = pixels(height, width), pixels(width, height, seed=1)
    results = []
    for strip in (WHOLE_PICTURE, 1, 3 * width, 8 * width, 500):
        small.strip_pixels = strip
        results.append(small.stylise(content, small.style_statistics(style)))
    assert results[0].shape == content.shape
    for found in results[1:]:
        assert furthest(found, results[0]) < 1e-5


def test_strips_with_regions_give_what_the_whole_picture_gives(small: PhotoWct) -> None:
    content, style = pixels(45, 60), pixels(50, 33, seed=1)
    labels = np.repeat(np.repeat(np.arange(12).reshape(3, 4), 15, 0), 15, 1) * 23 % 7
    others = np.arange(50 * 33).reshape(50, 33) // 300
    regions = matched(labels, others, {1: 4, 2: None}, (45, 60), (50, 33))
    assert regions.looks[1] == 4
    results = []
    for strip in (WHOLE_PICTURE, 100, 700):
        small.strip_pixels = strip
        results.append(small.stylise(content, small.style_statistics(style, regions.style), regions))
    assert furthest(results[1], results[0]) < 1e-5
    assert furthest(results[2], results[0]) < 1e-5


def test_features_of_strips_are_those_of_the_whole() -> None:
    """In float64, where rounding hides nothing."""
    network, image = filled(PhotoWct(0.25)).double(), pixels(43, 38).double()
    with torch.inference_mode():
        for level in LEVELS:
            features, pools = network.encode(level, image)
            found, others = network._encoded(level, image.split(5, dim=2), image, {})
            strips = list(found)
            assert len(strips) > 1
            assert furthest(torch.cat(strips, 2), features) < 1e-12
            for pool, other in zip(pools, others, strict=True):
                assert torch.equal(pool.positions, other.positions)
            again = torch.cat(list(network._decoded(level, features.split(2, dim=2), features.shape[2], pools)), 2)
            assert furthest(again, network.decode(level, features, pools)) < 1e-12


# ------------------------------------------------------------------------------------------------------------- the rest


def test_pictures_that_stay_as_they_are_are_only_decoded(small: PhotoWct) -> None:
    """Without a region to restyle, every level gives what its decoder makes of its own features."""
    image = pixels(24, 32)
    regions = matched(np.zeros((24, 32), int), np.zeros((8, 8), int), {0: None}, (24, 32), (20, 20))
    assert (regions.looks, regions.notes) == ({}, ())
    found = small.stylise(image, small.style_statistics(pixels(20, 20), regions.style), regions)
    with torch.inference_mode():
        for level in LEVELS:
            image = small.decode(level, *small.encode(level, image))
    assert furthest(found, image) < 1e-5


def test_a_region_of_one_pixel_at_a_coarse_level_is_no_error(small: PhotoWct) -> None:
    labels = np.zeros((64, 64), np.int32)
    labels[2:6, 2:6] = 255  # one pixel at the coarsest level
    regions = matched(labels, labels, {}, (64, 64), (64, 64))
    assert regions.looks == {0: 0, 255: 255}
    assert "255" in regions.notes[0]
    statistics = small.style_statistics(pixels(64, 64, seed=1), regions.style)
    assert set(statistics[1]) == {0, 255}
    assert set(statistics[4]) == {0}
    assert small.stylise(pixels(64, 64), statistics, regions).isfinite().all()


def test_sides_below_sixteen_are_refused_in_a_sentence(small: PhotoWct) -> None:
    statistics = small.style_statistics(pixels(16, 16))
    assert small.stylise(pixels(16, 20), statistics).shape == (1, 3, 16, 20)
    with pytest.raises(RequestError, match=r"^The content picture is 40x15; PhotoWCT takes at least 16 pixels a side"):
        small.stylise(pixels(15, 40), statistics)
    with pytest.raises(RequestError, match=r"^The style picture is 15x16;"):
        small.style_statistics(pixels(16, 15))


def test_progress_rises_to_the_end_and_can_stop_the_work(small: PhotoWct) -> None:
    small.strip_pixels = 300
    seen: list[float] = []
    statistics = small.style_statistics(pixels(40, 40), advance=lambda done, what: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == 1
    seen.clear()
    small.stylise(pixels(40, 40), statistics, advance=lambda done, what: seen.append(done))
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(seen))
    assert seen[-1] == pytest.approx(1)
    assert len(seen) > 20

    def stop(done: float, what: str) -> None:
        if done > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        small.stylise(pixels(40, 40), statistics, advance=stop)


def test_networks_learn_in_batches_and_come_back_from_a_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, images = PhotoWct(1 / 16), torch.rand(2, 3, 21, 34)
    for level in LEVELS:
        made = network.decode(level, *network.encode(level, images))
        assert made.shape == images.shape
        (made - 0.5).square().mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().max() > 0, name
    one, pools = network.encode(4, images[1:])
    both, _ = network.encode(4, images)
    assert furthest(both[1:], one) < 1e-5
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    again = PhotoWct(1 / 16)
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert torch.equal(again.decode(4, one, pools), network.decode(4, one, pools))


def test_gradients_pass_the_maxima_alone() -> None:
    """The value at a maximum goes through encoder and decoder; the other three of its window do not count."""
    torch.manual_seed(0)
    network = PhotoWct(1 / 64).double()
    image = torch.rand(1, 3, 6, 7, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: network.decode(2, *network.encode(2, x)), (image,))
