"""The whole of photorealistic stylisation: stages, what is kept between runs, strengths, regions, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

from sims.generator import Cancelled, Generator, RequestError, StyleRequest, to_uint8
from sims.load import load
from sims.style.guided import guided
from sims.style.local_affine import local_affine
from sims.style.pis import PisGenerator, blended
from sims.style.smoothing import smooth

CONTENT = data.astronaut()[100:147, 150:203]  # odd sides
STYLE = data.coffee()[:80, :64]


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load("photo-wct-world")


def test_the_result_has_the_contents_size_and_goes_through_all_stages(generator: Generator) -> None:
    picture = generator.generate(StyleRequest(CONTENT, STYLE))
    assert picture.image.shape == CONTENT.shape
    assert list(picture.seconds) == ["look at the style", "stylise", "smooth", "filter"]
    assert list(picture.stages) == ["stylise", "smooth"]
    smoothed = smooth(picture.stages["stylise"], CONTENT)
    assert (picture.stages["smooth"] == smoothed).all()
    assert (picture.image == local_affine(smoothed, CONTENT)).all()


def test_each_smoothing_is_what_it_says(generator: Generator) -> None:
    off = generator.generate(StyleRequest(CONTENT, STYLE, options={"smoothing": "off"}))
    assert not off.stages
    fast = generator.generate(StyleRequest(CONTENT, STYLE, options={"smoothing": "fast", "post_filter": "off"}))
    assert (fast.image == guided(off.image, CONTENT)).all()
    assert (fast.stages["stylise"] == off.image).all()
    exact = generator.generate(StyleRequest(CONTENT, STYLE, options={"post_filter": "off"}))
    assert (exact.image == smooth(off.image, CONTENT)).all()


def test_what_was_made_is_kept_for_the_next_run(tiny_photo_wct: Path) -> None:
    generator = load(tiny_photo_wct)
    other = CONTENT[::-1].copy()
    first = generator.generate(StyleRequest(other, STYLE))
    assert "stylise" in first.seconds
    again = generator.generate(StyleRequest(other, STYLE, strength=0.5))
    assert again.seconds == {}
    assert (again.image == blended(other, first.image, 0.5)).all()
    assert again.stages.keys() == first.stages.keys()
    faster = generator.generate(StyleRequest(other, STYLE, options={"smoothing": "fast"}))
    assert list(faster.seconds) == ["smooth", "filter"]
    turned = generator.generate(StyleRequest(other[:, ::-1].copy(), STYLE))
    assert turned.seconds["look at the style"] < turned.seconds["stylise"] / 5  # statistics of the style are kept


def test_strength_goes_from_the_content_to_the_result(generator: Generator) -> None:
    none = generator.generate(StyleRequest(CONTENT, STYLE, strength=0.0))
    assert (none.image == CONTENT).all()
    content, result = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    assert blended(content, result, 1.0)[0, 0, 0] == 255
    assert blended(content, result, 0.5)[0, 0, 0] == 128
    assert blended(result, content, 0.25)[0, 0, 0] == 191


def test_regions_are_restyled_on_their_own(generator: Generator) -> None:
    labels = np.zeros(CONTENT.shape[:2], np.int32)
    labels[:, 26:] = 7
    style_labels = np.zeros(STYLE.shape[:2], np.int32)
    style_labels[40:] = 7
    options = {"smoothing": "off"}
    whole = generator.generate(StyleRequest(CONTENT, STYLE, options=options)).image
    both = generator.generate(StyleRequest(CONTENT, STYLE, labels, style_labels, options=options)).image
    swapped = generator.generate(StyleRequest(CONTENT, STYLE, labels, style_labels, {0: 7, 7: 0}, options=options))
    assert (both != whole).mean() > 0.5
    assert (swapped.image != both).mean() > 0.5
    missing = generator.generate(StyleRequest(CONTENT, STYLE, labels, style_labels * 0, options=options))
    assert any("7" in note for note in missing.notes)


def test_depth_is_the_coarsest_level(generator: Generator) -> None:
    assert isinstance(generator, PisGenerator)
    content, style = (torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255 for image in (CONTENT, STYLE))
    for depth in (1, 3):
        options = {"smoothing": "off", "depth": str(depth)}
        found = generator.generate(StyleRequest(CONTENT, STYLE, options=options)).image
        wanted = generator.network.stylise(content, generator.network.style_statistics(style), depth=depth)
        assert (found == to_uint8(wanted * 2 - 1)).all()
    with pytest.raises(RequestError, match="Option depth"):
        generator.generate(StyleRequest(CONTENT, STYLE, options={"depth": "5"}))


def test_a_picture_of_less_than_sixteen_pixels_is_refused(generator: Generator) -> None:
    with pytest.raises(RequestError, match="16"):
        generator.generate(StyleRequest(CONTENT[:15], STYLE))
    with pytest.raises(RequestError, match="16"):
        generator.generate(StyleRequest(CONTENT, STYLE[:, :15]))


def test_it_can_be_stopped_within_every_stage(tiny_photo_wct: Path) -> None:
    generator = load(tiny_photo_wct)
    content = CONTENT[:, ::-1].copy()
    reported: list[float] = []
    generator.generate(StyleRequest(content, STYLE), progress=lambda fraction, what: reported.append(fraction))
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    stages = {int(fraction * 4) for fraction in reported if fraction < 1}
    assert stages == {0, 1, 2, 3}
    assert all(sum(int(fraction * 4) == stage for fraction in reported) > 1 for stage in (1, 2, 3))

    def stop(fraction: float, what: str) -> None:
        if fraction > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        generator.generate(StyleRequest(content[::-1].copy(), STYLE), progress=stop)
