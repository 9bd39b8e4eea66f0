"""The whole of photorealistic stylisation: stages, what is kept between runs, strengths, regions, bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from sims.generator import Cancelled, Generator, RequestError, StyleRequest, to_uint8
from sims.load import load
from sims.style.guided import guided
from sims.style.local_affine import local_affine
from sims.style.photo_wct import Statistics
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
    assert (again.stages["stylise"] == first.stages["stylise"]).all()


def test_a_style_is_looked_at_once(tiny_photo_wct: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, looked = load(tiny_photo_wct), list[tuple[int, ...]]()
    assert isinstance(generator, PisGenerator)
    look = generator.network.style_statistics

    def counted(style: torch.Tensor, *others: Any) -> Statistics:
        looked.append(tuple(style.shape))
        return look(style, *others)

    monkeypatch.setattr(generator.network, "style_statistics", counted)
    style = STYLE[:48, :51].copy()
    for content in (CONTENT, CONTENT[:, ::-1], CONTENT[::-1]):
        generator.generate(StyleRequest(content.copy(), style, options={"smoothing": "off"}))
    assert looked == [(1, 3, 48, 51)]
    held = sum(tensor.nbytes for tensor in generator.network.state_dict().values())
    kept = [statistics.nbytes for statistics in generator._styles.values()]
    assert min(kept) > 4 * (4**2 + 8**2 + 16**2 + 32**2)  # float32 of a sixteenth of 64 to 512 channels
    assert generator.memory_bytes() == held + sum(kept) + generator._pictures.nbytes
    generator._styles.limit = 1
    generator.generate(StyleRequest(CONTENT, style[:40].copy(), options={"smoothing": "off"}))
    assert len(generator._styles) == 1


@pytest.mark.filterwarnings("error")
def test_what_is_kept_cannot_be_written_to(tiny_photo_wct: Path) -> None:
    generator, fixed = load(tiny_photo_wct), CONTENT.copy()
    fixed.setflags(write=False)
    picture = generator.generate(StyleRequest(fixed, STYLE))
    for stage in picture.stages.values():
        with pytest.raises(ValueError, match="read-only"):
            stage[:] = 0
    wanted = picture.image.copy()
    picture.image[:] = 0  # is the caller's own
    assert (generator.generate(StyleRequest(fixed, STYLE)).image == wanted).all()


def test_without_smoothing_there_is_nothing_to_filter(generator: Generator) -> None:
    picture = generator.generate(StyleRequest(CONTENT, STYLE, options={"smoothing": "off", "post_filter": "on"}))
    assert (picture.options["smoothing"], picture.options["post_filter"]) == ("off", "off")
    assert generator.generate(StyleRequest(CONTENT, STYLE)).options["post_filter"] == "on"


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


@pytest.mark.parametrize("smoothing", ["exact", "off"])
def test_regions_that_stay_as_they_are_keep_their_pixels(smoothing: str, generator: Generator) -> None:
    labels, style_labels = (
        np.zeros((20, 30), np.int32),
        np.zeros((40, 32), np.int32),
    )  # of other sizes than the pictures
    labels[:, 12:], labels[5:7, 3:6] = 7, 9  # 9 has too few pixels
    style_labels[20:] = 7
    request = StyleRequest(CONTENT, STYLE, labels, style_labels, {7: None}, options={"smoothing": smoothing})
    picture = generator.generate(request)
    resized = Image.fromarray(labels.astype(np.uint8)).resize((53, 47), Image.Resampling.NEAREST)
    kept = np.asarray(resized) != 0
    assert (picture.image[kept] == CONTENT[kept]).all()
    restyled = np.abs(picture.image[~kept].astype(int) - CONTENT[~kept])
    assert restyled.mean() > 5
    half = generator.generate(replace(request, strength=0.5)).image
    assert (half[kept] == CONTENT[kept]).all()
    assert 0 < np.abs(half[~kept].astype(int) - CONTENT[~kept]).mean() < restyled.mean()


def test_where_no_region_is_restyled_the_content_comes_back_at_once(generator: Generator) -> None:
    labels, other = np.zeros(CONTENT.shape[:2], np.int32), np.ones(STYLE.shape[:2], np.int32)
    picture = generator.generate(StyleRequest(CONTENT, STYLE, labels, other))
    assert (picture.image == CONTENT).all()
    assert picture.image is not CONTENT
    assert picture.seconds == {}
    assert "the style picture has no region for them: 0." in picture.notes[0]


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


@pytest.mark.parametrize("labels", [None, np.zeros((30, 30), np.int32)])
@pytest.mark.parametrize("side", [2, 7, 15])
def test_a_picture_of_less_than_sixteen_pixels_is_refused(
    labels: np.ndarray | None, side: int, generator: Generator
) -> None:
    with pytest.raises(RequestError, match=f"The content picture is 53x{side}; .* takes at least 16 pixels a side"):
        generator.generate(StyleRequest(CONTENT[:side], STYLE, labels, labels))
    with pytest.raises(RequestError, match=f"The style picture is {side}x80; .* takes at least 16 pixels a side"):
        generator.generate(StyleRequest(CONTENT, STYLE[:, :side], labels, labels))


@pytest.mark.parametrize("smoothing", ["exact", "fast"])
@pytest.mark.parametrize("stage", ["look at the style", "stylise", "smooth", "filter"])
def test_it_can_be_stopped_within_every_stage(smoothing: str, stage: str, tiny_photo_wct: Path) -> None:
    generator = load(tiny_photo_wct)
    assert isinstance(generator, PisGenerator)
    generator._pictures.clear()
    generator._styles.clear()
    number = generator.stage_names.index(stage)
    inside: list[float] = []

    def stop(fraction: float, what: str) -> None:
        if number <= fraction * 4 < number + 1:  # and not only where the next one begins
            inside.append(fraction)
        if len(inside) > 1:
            raise Cancelled

    request = StyleRequest(CONTENT, data.coffee()[:200], options={"smoothing": smoothing})  # seen in several strips
    with pytest.raises(Cancelled):
        generator.generate(request, progress=stop)
    assert len(inside) == 2


@pytest.mark.parametrize("smoothing", ["exact", "fast"])
def test_progress_goes_through_every_stage(smoothing: str, tiny_photo_wct: Path) -> None:
    generator = load(tiny_photo_wct)
    assert isinstance(generator, PisGenerator)
    generator._pictures.clear()
    reported: list[float] = []
    request = StyleRequest(CONTENT, STYLE, options={"smoothing": smoothing})
    generator.generate(request, progress=lambda fraction, what: reported.append(fraction))
    assert reported == sorted(reported)
    assert reported[-1] == 1.0
    stages = {int(fraction * 4) for fraction in reported if fraction < 1}
    assert stages == {0, 1, 2, 3}
    assert all(sum(int(fraction * 4) == stage for fraction in reported) > 1 for stage in (1, 2, 3))
