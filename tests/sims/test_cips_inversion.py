"""Inversion: pictures come back from the latents that were found, nearer in W+ than in W, and always the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_cips import cips_checkpoint

from sims.cips_generator import CipsGenerator
from sims.cips_inversion import Inversion, check_inversion, invert
from sims.cips_target import COMPARED, target_of
from sims.generator import Cancelled, Generator, GridRequest, RequestError
from sims.grid_request import Style
from sims.load import card, load
from sims.style_space import style_space

STEPS = 30


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> CipsGenerator:
    """An untrained generator of pictures of 24x40 on a plane."""
    return small(tmp_path_factory.mktemp("cips") / "tiny-flat")


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> CipsGenerator:
    """An untrained generator of panoramas of 16x64."""
    return small(tmp_path_factory.mktemp("cips") / "tiny-around", geometry="cylinder", native_size=[16, 64])


def small(folder: Path, **changes: object) -> CipsGenerator:
    generator = load(cips_checkpoint(folder, **changes), device="cpu")
    assert isinstance(generator, CipsGenerator)
    return generator


def own(generator: CipsGenerator, seed: int) -> np.ndarray:
    """The picture of a W+ latent: the styles of as many seeds as there are layers."""
    styles = [generator.styles(Style(seed=100 * seed + layer), 0)[0] for layer in range(generator.card.latents[0])]
    latent = torch.stack(styles).numpy()
    return generator.generate(GridRequest(style=Style(latent=latent, space="w"))).image


def mean_picture(generator: CipsGenerator) -> np.ndarray:
    return generator.generate(GridRequest(truncation=0.0)).image


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean() / 255)


@pytest.fixture(scope="module")
def both(flat: CipsGenerator) -> dict[str, Inversion]:
    """The same picture, which a style for each layer made, in W and in W+."""
    return {space: invert(flat, own(flat, 1), space=space, steps=150) for space in ("w", "w+")}


def test_a_picture_comes_back_nearer_in_w_plus_than_in_w(flat: CipsGenerator, both: dict[str, Inversion]) -> None:
    nothing = apart(own(flat, 1), mean_picture(flat))
    assert both["w+"].l1 < 0.6 * both["w"].l1 < 0.6 * nothing
    assert both["w+"].ssim > both["w"].ssim + 0.05
    assert (both["w"].latent.shape, both["w+"].latent.shape) == ((6,), flat.card.latents)


def test_the_request_that_is_returned_shows_the_picture(flat: CipsGenerator, both: dict[str, Inversion]) -> None:
    for found in both.values():
        assert found.latent.dtype == np.float32
        assert found.request.style.latent is found.latent
        assert np.array_equal(flat.generate(found.request).image, found.picture.image)
        assert np.array_equal(found.target, own(flat, 1))
        assert found.l1 == pytest.approx(apart(found.target, found.picture.image))
        assert found.notes == ()
    assert both["w+"].report()["space"] == "w+"
    assert both["w"].report()["steps"] == both["w"].steps_done == 150


def test_the_best_of_what_was_judged_is_kept(both: dict[str, Inversion]) -> None:
    for found in both.values():
        steps, losses = zip(*found.history, strict=True)
        assert steps[0] == 0
        assert steps[-1] == 150
        assert list(steps) == sorted(set(steps))
        assert min(losses) < 0.9 * losses[0]


def test_the_seed_alone_decides(flat: CipsGenerator) -> None:
    first, again, other = (invert(flat, own(flat, 2), steps=STEPS, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.latent, again.latent)
    assert not np.array_equal(first.latent, other.latent)
    with torch.inference_mode():
        within = invert(flat, own(flat, 2), steps=STEPS, seed=3)
    assert np.array_equal(first.latent, within.latent)
    assert all(parameter.grad is None for parameter in flat.network.parameters())


def test_a_single_step_is_enough_for_an_answer(flat: CipsGenerator) -> None:
    found = invert(flat, own(flat, 2), steps=1)
    assert found.latent.shape == flat.card.latents
    assert found.steps_done == 1


def test_a_picture_of_other_proportions_loses_its_margins(flat: CipsGenerator) -> None:
    picture = np.zeros((40, 200, 3), np.uint8)
    picture[:, 80:120] = 200
    target = target_of(flat.card, picture)
    assert target.picture.shape == (24, 40, 3)
    assert target.notes == ("Its middle was taken, 67x40 pixels, to fit 40x24.",)
    assert target.picture[12, 20, 0] == 200
    assert target.picture[12, 1, 0] == 0


def test_a_cylinder_shows_a_picture_in_front_and_a_panorama_all_around(around: CipsGenerator) -> None:
    front = target_of(around.card, np.full((32, 48, 3), 90, np.uint8))
    assert front.picture.shape == (16, 16, 3)
    assert (front.request.size, front.request.field_of_view) == ((16, 16), 90.0)
    assert "90 degrees" in front.notes[0]
    whole = target_of(around.card, np.full((32, 96, 3), 90, np.uint8))
    assert whole.picture.shape == (16, 64, 3)
    assert whole.request.field_of_view is None
    found = invert(around, own(around, 1), steps=STEPS)
    assert found.picture.image.shape == (16, 64, 3)
    assert found.l1 < apart(own(around, 1), mean_picture(around))
    in_front = invert(around, own(around, 1)[:, 24:40], steps=STEPS, space="w")
    assert in_front.target.shape == (16, 16, 3)
    assert np.array_equal(in_front.target, own(around, 1)[:, 24:40])


def test_a_large_native_grid_is_compared_more_coarsely(tmp_path: Path) -> None:
    large = small(tmp_path / "large", native_size=[1024, 512])
    target = target_of(large.card, np.zeros((100, 50, 3), np.uint8))
    height, width = target.picture.shape[:2]
    assert (height / width, target.request.size) == (pytest.approx(2, abs=0.02), (height, width))
    assert height * width == pytest.approx(COMPARED, rel=0.01)
    assert "instead of 512x1024" in target.notes[0]


def test_styles_and_coordinates_are_each_others_inverse(flat: CipsGenerator) -> None:
    with torch.no_grad():
        space = style_space(flat, 50, seed=0)
        coordinates = space.coordinates(space.samples)
    assert torch.allclose(space.styles(coordinates), space.samples, atol=1e-4)
    assert coordinates.square().mean() == pytest.approx(1, rel=0.3)
    assert not space.samples.is_inference()


def test_progress_tells_every_step_and_pictures_on_the_way_are_shown(flat: CipsGenerator) -> None:
    told: list[tuple[float, str]] = []
    shown: list[np.ndarray] = []
    found = invert(
        flat, own(flat, 2), steps=STEPS, progress=lambda *news: told.append(news), preview=lambda one: shown.append(one)
    )
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert {f"step {step} of {STEPS}" for step in range(1, STEPS + 1)} <= {what for _, what in told}
    assert len(shown) > 2
    assert np.array_equal(shown[-1], found.picture.image)


def stopping_at(step: int) -> object:
    def progress(fraction: float, what: str) -> None:
        if what == f"step {step} of {STEPS}":
            raise Cancelled

    return progress


def test_it_can_be_stopped_and_then_keeps_the_best_if_asked(flat: CipsGenerator) -> None:
    picture = own(flat, 2)
    with pytest.raises(Cancelled):
        invert(flat, picture, steps=STEPS, progress=stopping_at(20))  # type: ignore[arg-type]
    kept = invert(flat, picture, steps=STEPS, keep=True, progress=stopping_at(20))  # type: ignore[arg-type]
    assert kept.steps_done == 19
    assert kept.notes == (f"It was stopped after 19 of {STEPS} steps; this is the best until then.",)
    assert kept.latent.shape == flat.card.latents
    assert max(step for step, _ in kept.history) < 20
    whole = invert(flat, picture, steps=STEPS)
    assert whole.history[: len(kept.history)] == kept.history
    with pytest.raises(Cancelled):  # before there is anything to keep
        invert(flat, picture, steps=STEPS, keep=True, progress=stopping_at(0))  # type: ignore[arg-type]


def test_time_ends_it_with_what_there_is(flat: CipsGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr("sims.cips_inversion.time.monotonic", lambda: next(clock) / 4)
    found = invert(flat, own(flat, 2), steps=STEPS, seconds=2)
    assert found.notes == (f"The time was over after {found.steps_done} of {STEPS} steps.",)
    assert 5 < found.steps_done < 9
    assert found.history[-1][0] == found.steps_done
    assert found.latent.shape == flat.card.latents


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"space": "z"}, "The space is 'z'; it can be w or w+."),
        ({"steps": 0}, "The number of steps is 0; give a whole number from 1 to 2000."),
        ({"steps": 2001}, "The number of steps is 2001"),
        ({"steps": 1.5}, "The number of steps is 1.5"),
        ({"steps": True}, "The number of steps is True"),
        ({"seconds": 0}, "The time in seconds is 0; give a whole number from 1 to 3600."),
        ({"seed": -1}, "The seed is -1"),
        ({"image": np.zeros((8, 8), np.uint8)}, "The picture is uint8 (8, 8)"),
        ({"image": np.zeros((8, 8, 3), np.float32)}, "The picture is float32"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(changed: dict, sentence: str) -> None:
    asked = {"image": np.zeros((8, 8, 3), np.uint8), "space": "w", "steps": 5, "seed": 0, "seconds": None, **changed}
    with pytest.raises(RequestError) as caught:
        check_inversion(**asked)
    assert sentence in str(caught.value)


def test_another_generator_is_refused(tiny_cyclegan: Path) -> None:
    other: Generator = load(tiny_cyclegan, device="cpu")
    assert card(tiny_cyclegan).task == "image"
    with pytest.raises(RequestError, match="works from a picture; pictures are inverted by generators that work from"):
        invert(other, np.zeros((8, 8, 3), np.uint8))
