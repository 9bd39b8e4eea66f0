"""CIPS behind the common interface: what decides a picture, its options, its card, and how it comes about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_cips import cips_checkpoint, tiny, tiny_style

from sims import cips_generator
from sims.cips import Cips
from sims.cips_generator import MEANT, CipsGenerator, levels_of, mixed
from sims.generator import Cancelled, GridRequest, Picture, RequestError, seeded_normal
from sims.grid_request import Style
from sims.load import card, load
from zoo.catalog import catalog, find
from zoo.convert import FAMILIES, checked_config, cips

BLACK, WHITE = (np.full((8, 8), value, np.uint8) for value in (0, 255))
NOISY, HALF = {"noise": "seeded"}, {"precision": "bfloat16"}


def loaded(folder: Path, **changes: Any) -> CipsGenerator:
    generator = load(cips_checkpoint(folder, **changes), device="cpu")
    assert isinstance(generator, CipsGenerator)
    return generator


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> CipsGenerator:
    return loaded(tmp_path_factory.mktemp("cips") / "flat")


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> CipsGenerator:
    return loaded(tmp_path_factory.mktemp("cips") / "around", geometry="cylinder", kind="res")


def made(generator: CipsGenerator, seed: int = 0, **fields: Any) -> np.ndarray:
    return generator.generate(GridRequest(**fields), seed=seed).image


def apart(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def same(*images: np.ndarray) -> bool:
    return all(np.array_equal(images[0], image) for image in images[1:])


# ---------------------------------------------------------------------------------------------- what decides a picture


def test_a_picture_says_how_it_was_made(flat: CipsGenerator) -> None:
    picture = flat.generate(GridRequest(), seed=7)
    assert picture.image.shape == (24, 40, 3)
    assert picture.image.dtype == np.uint8
    assert tuple(picture.seconds) == flat.stage_names
    assert (picture.generator, picture.seed, len(picture.revision)) == ("flat", 7, 64)
    assert picture.options == {"projection": "native", "noise": "off", "precision": "float32", "sampling": "all"}
    assert picture.notes == ()
    assert picture.stages == {}


@pytest.mark.parametrize("options", [{}, NOISY, {"sampling": "foveated"}, {"sampling": "patch:8:2:1:3"}])
def test_the_seed_decides_and_nothing_else_does(flat: CipsGenerator, options: dict[str, str]) -> None:
    first, other = made(flat, 1, options=options), made(flat, 2, options=options)
    assert same(first, made(flat, 1, options=options))
    assert not same(first, other)


def test_a_style_has_a_seed_a_latent_or_that_of_the_request(flat: CipsGenerator) -> None:
    z = seeded_normal(5, 6)
    assert z.dtype == np.float32
    w = flat.styles(Style(latent=z), 0)
    assert w.shape == flat.card.latents == (7, 6)
    assert torch.equal(w[0], w[6])
    wanted = made(flat, 5)
    for style in (
        Style(seed=5),
        Style(latent=z),
        Style(latent=w[0].numpy(), space="w"),
        Style(latent=w.numpy(), space="w"),
    ):
        assert same(made(flat, 99, style=style), wanted)
    assert not same(made(flat, 5, style=Style(latent=z, space="w")), wanted)


def test_latents_of_seeds_are_standard_normal() -> None:
    found = np.stack([seeded_normal(seed, 512) for seed in range(40)])
    assert abs(found.mean()) < 0.03
    assert abs(found.std() - 1) < 0.03
    assert len(np.unique(found[:, 0])) == 40


def test_truncation_goes_from_the_mean_picture_to_all_variety(flat: CipsGenerator) -> None:
    none = [made(flat, seed, truncation=0.0) for seed in range(4)]
    assert same(*none)
    mean = flat.mean_style()
    assert mean.shape == (6,)
    assert same(none[0], made(flat, style=Style(latent=mean.numpy(), space="w")))
    w = flat.styles(Style(seed=3), 0)
    between = (mean + 0.25 * (w - mean)).numpy()
    assert same(made(flat, truncation=0.25, style=Style(seed=3)), made(flat, style=Style(latent=between, space="w")))
    away = [np.abs(made(flat, 3, truncation=t).astype(int) - none[0]).mean() for t in (0.25, 0.5, 1)]
    assert 0 < away[0] < away[1] < away[2]


def test_the_mean_style_is_that_of_many_latents(flat: CipsGenerator) -> None:
    with torch.inference_mode():
        others = flat.network.style(torch.randn(MEANT, 6, generator=torch.Generator().manual_seed(1)))
    error = others.std(0) / MEANT**0.5
    assert ((others.mean(0) - flat.mean_style()).abs() < 6 * error).all()
    assert flat.mean_style() is flat.mean_style()


def test_noise_is_seeded_and_belongs_to_pixels(flat: CipsGenerator) -> None:
    style = Style(seed=5)
    noisy = made(flat, 1, style=style, options=NOISY)
    assert not same(noisy, made(flat, 1, style=style))
    assert not same(noisy, made(flat, 2, style=style, options=NOISY))
    assert same(made(flat, 1, style=style), made(flat, 2, style=style))
    part = made(flat, 1, style=style, size=(12, 20), window=(0.5, 0.5, 0.5, 0.5), options=NOISY)
    assert apart(part, noisy[12:, 20:]) <= 1


# ------------------------------------------------------------------------------------------------------------- blending


def test_a_mask_chooses_between_two_styles(around: CipsGenerator) -> None:
    first, second = Style(seed=1), Style(seed=2)
    alone = [made(around, style=style) for style in (first, second)]
    for mask, wanted in ((BLACK, alone[0]), (WHITE, alone[1])):
        assert apart(made(around, style=first, second=second, mask=mask), wanted) <= 1
    halves = np.concatenate((BLACK, WHITE), 1)
    both = made(around, style=first, second=second, mask=halves)
    assert apart(both[:, 2:18], alone[0][:, 2:18]) <= 1
    assert apart(both[:, 22:38], alone[1][:, 22:38]) <= 1
    assert same(made(around, style=first, second=first, mask=halves), alone[0])


def test_halfway_between_two_styles_is_the_style_halfway(flat: CipsGenerator) -> None:
    first, second = Style(seed=1), Style(seed=2)
    mask = np.full((8, 8), 102, np.uint8)  # 0.4
    w = 0.6 * flat.styles(first, 0) + 0.4 * flat.styles(second, 0)
    for truncation in (1.0, 0.5):
        blended = made(flat, style=first, second=second, mask=mask, truncation=truncation)
        alone = made(flat, style=Style(latent=w.numpy(), space="w"), truncation=truncation)
        assert apart(blended, alone) <= 1


# --------------------------------------------------------------------------------------------------------------- levels


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("skip", [1, 2, 2, 2, 3, 3, 3]),
        ("res", [1, 2, 2, 3, 3, 3]),
        ("plain", [1, 2, 2, 3, 3, 3]),
    ],
)
def test_every_layer_is_of_a_level(kind: str, wanted: list[int]) -> None:
    network = tiny(kind=kind)
    assert levels_of(network) == wanted
    assert max(wanted) == 1 + cips.blocks(network.config)
    first, second = tiny_style(network, 1), tiny_style(network, 2)
    for low in (1, 2, 3):
        for high in range(low, 4):
            styles = mixed(network, first, second, (low, high))
            for index, level in enumerate(wanted):
                assert torch.equal(styles[index], (second if low <= level <= high else first)[index])


@pytest.mark.parametrize("preset", ["ffhq256", "landscapes", "default", "base", "ne"])
def test_the_published_networks_have_eight_levels(preset: str) -> None:
    config = checked_config({"family": "cips", **FAMILIES["cips"].presets[preset]})
    with torch.device("meta"):
        found = levels_of(Cips(config))
    assert set(found) == set(range(1, 9))
    assert found == sorted(found)
    assert len(found) == len(cips.layers(config)) == (22 if config["kind"] == "skip" else 16)


def test_mixing_takes_levels_of_the_second_style(flat: CipsGenerator) -> None:
    first, second = Style(seed=1), Style(seed=2)
    assert same(made(flat, style=first, second=second, mixed=(1, 3)), made(flat, style=second))
    w = mixed(flat.network, flat.styles(first, 0), flat.styles(second, 0), (2, 3)).numpy()
    found = made(flat, style=first, second=second, mixed=(2, 3))
    assert same(found, made(flat, style=Style(latent=w, space="w")))
    assert not same(found, made(flat, style=second))
    assert not same(found, made(flat, style=first))


# ---------------------------------------------------------------------------------------------------------- the options


@pytest.mark.parametrize("projection", ["mirrored", "extended", "bent"])
def test_a_plane_is_bent_into_panoramas(flat: CipsGenerator, projection: str) -> None:
    found = made(flat, 3, size=(24, 96), options={"projection": projection})
    assert not same(found, made(flat, 3, size=(24, 96)))
    if projection == "mirrored":
        assert apart(found[:, :24], found[:, 24:48][:, ::-1]) <= 1
        turned = made(flat, 3, size=(24, 96), turn=90, options={"projection": projection})
        assert apart(turned, np.roll(found, -24, 1)) <= 1
    if projection == "bent":
        narrow = made(flat, 3, size=(24, 96), field_of_view=60.0, options={"projection": projection})
        assert not same(found, narrow)
        assert same(found, made(flat, 3, size=(24, 96), field_of_view=120.0, options={"projection": projection}))


def test_a_cylinder_has_no_projection(around: CipsGenerator) -> None:
    assert [choice.name for choice in around.card.options] == ["noise", "precision", "sampling"]
    with pytest.raises(RequestError, match="has no option 'projection'"):
        made(around, options={"projection": "native"})


def test_a_cylinder_is_turned_and_seen_in_part(around: CipsGenerator) -> None:
    whole = made(around, 3, size=(16, 64))
    assert same(made(around, 3, size=(16, 64), turn=90), np.roll(whole, -16, 1))
    assert same(made(around, 3, size=(16, 64), turn=-270), np.roll(whole, -16, 1))
    assert apart(made(around, 3, size=(16, 16), field_of_view=90.0), whole[:, 24:40]) <= 1


def test_a_patch_is_part_of_the_picture(flat: CipsGenerator) -> None:
    whole = made(flat, 3)
    found = made(flat, 3, options={"sampling": "patch:5:4:20:2"})
    assert apart(found, whole[2:22:4, 20:40:4]) <= 1


@pytest.mark.parametrize("patch", ["patch:5:4:24:2", "patch:5:4:20:8", "patch:25:1:0:0", "patch:9999:999:9999:9999"])
def test_a_patch_that_reaches_outside_is_refused(flat: CipsGenerator, patch: str) -> None:
    side, stride, left, top = patch.split(":")[1:]
    with pytest.raises(RequestError) as caught:
        made(flat, options={"sampling": patch})
    assert str(caught.value) == (
        f"The patch of {side}x{side} pixels, every {stride}th from column {left} and row {top}, does not lie inside"
        " 40x24 pixels; give a smaller one."
    )


@pytest.mark.parametrize("patch", ["patch", "patch:0:1:0:0", "patch:8:0:0:0", "patch:8:1:0", "patch:8:1:-1:0", "ALL"])
def test_other_samplings_are_refused(flat: CipsGenerator, patch: str) -> None:
    with pytest.raises(RequestError, match=r"it accepts all or foveated or patch:K:SIGMA:X:Y"):
        made(flat, options={"sampling": patch})


def test_foveated_pictures_are_exact_where_they_were_looked_at(flat: CipsGenerator) -> None:
    picture = flat.generate(GridRequest(size=(160, 200), options={"sampling": "foveated"}), seed=3)
    looked = picture.stages["pixels looked at"].any(2)
    whole = made(flat, 3, size=(160, 200))
    assert 0.05 < looked.mean() < 0.6
    assert apart(picture.image[looked], whole[looked]) <= 1
    assert looked[76:84, 96:104].all()
    assert picture.image.any(2).all()
    assert picture.notes == (f"{looked.mean():.0%} of the pixels were looked at, and the others filled in.",)


# ------------------------------------------------------------------------------------------------------- the precision


def halved(folder: Path, monkeypatch: pytest.MonkeyPatch, faster: float, close: float) -> Picture:
    """A picture in half precision of a generator that was not tried yet."""
    monkeypatch.setattr(cips_generator, "FASTER", faster)
    monkeypatch.setattr(cips_generator, "CLOSE", close)
    return loaded(folder / "new", n_mlp=3).generate(GridRequest(options=HALF), seed=2)


@pytest.mark.parametrize(("faster", "close"), [(1e9, 1.0), (0.0, 0.0)], ids=["slow", "far"])
def test_half_precision_that_is_no_gain_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faster: float, close: float
) -> None:
    picture = halved(tmp_path, monkeypatch, faster, close)
    assert picture.notes == ("bfloat16 was tried and is no gain on this machine; float32 was used.",)
    assert picture.options["precision"] == "float32"
    assert same(picture.image, load(tmp_path / "new", device="cpu").generate(GridRequest(), seed=2).image)


def test_half_precision_that_is_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = halved(tmp_path, monkeypatch, 0.0, 1.0)
    assert picture.notes == ()
    assert picture.options["precision"] == "bfloat16"
    generator = load(tmp_path / "new", device="cpu")
    exact = generator.generate(GridRequest(), seed=2).image
    assert not same(picture.image, exact)
    assert np.abs(picture.image.astype(int) - exact).mean() < 3
    monkeypatch.setattr(cips_generator, "FASTER", 1e9)  # what was found stays
    assert same(picture.image, generator.generate(GridRequest(options=HALF), seed=2).image)


# ------------------------------------------------------------------------------------------------- how it comes about


def test_progress_goes_on_and_previews_become_the_picture(flat: CipsGenerator) -> None:
    told: list[tuple[float, str]] = []
    shown: list[np.ndarray] = []
    picture = flat.generate(
        GridRequest(size=(100, 120)),
        seed=1,
        progress=lambda done, what: told.append((done, what)),
        preview=lambda image: shown.append(image.copy()),
    )
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert list(dict.fromkeys(what for _, what in told)) == [*flat.stage_names, "done"]
    for stride, image in zip((8, 4, 2), shown, strict=True):
        assert same(image[::stride, ::stride], picture.image[::stride, ::stride])


def test_work_can_be_stopped_while_it_paints(flat: CipsGenerator) -> None:
    def stop(done: float, what: str) -> None:
        if done > 0.7:
            raise Cancelled

    with pytest.raises(Cancelled):
        flat.generate(GridRequest(size=(100, 120)), progress=stop)
    assert same(made(flat, 1), made(flat, 1))


def test_runs_on_one_generator_do_not_disturb_each_other(flat: CipsGenerator) -> None:
    seeds = [seed % 3 for seed in range(9)]
    alone = [made(flat, seed, truncation=0.5) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda seed: made(flat, seed, truncation=0.5), seeds))
    assert all(same(image, alone[seed]) for image, seed in zip(together, seeds, strict=True))


# ------------------------------------------------------------------------------------------------------------- the card


def test_a_card_tells_what_can_be_asked(flat: CipsGenerator, around: CipsGenerator) -> None:
    assert (flat.card.task, flat.card.native_size, flat.card.geometry) == ("grid", (24, 40), "plane")
    assert (flat.card.latents, flat.card.levels) == ((7, 6), 3)
    assert (around.card.latents, around.card.levels, around.card.geometry) == ((6, 6), 3, "cylinder")
    assert flat.memory_bytes() == 4 * sum(value.numel() for value in flat.network.state_dict().values())


def test_cards_of_what_is_not_here_tell_as_much(tmp_path: Path) -> None:
    for name, preset in (("cips-ffhq256", "ffhq256"), ("cips-ffhq1024", "ffhq1024"), ("cips-landscapes", "landscapes")):
        known = card(name)
        assert known.task == "grid"
        assert known.native_size == find(name).native_size
        assert known.latents == ((16 if preset == "landscapes" else 22), 512)
        assert (known.levels, known.geometry) == (8, "plane")


def test_the_built_in_generators_are_as_the_catalogue_says() -> None:
    built_in = [entry for entry in catalog().values() if entry.family == "cips" and entry.source == "builtin"]
    assert {entry.name: card(entry.name).geometry for entry in built_in} == {
        "cips-panorama": "cylinder",
        "cips-landscape": "plane",
    }
    for entry in built_in:
        generator = load(entry.name, device="cpu")
        assert generator.card.native_size == entry.native_size
        first, second = (generator.generate(GridRequest(size=(32, 64)), seed=seed).image for seed in (1, 2))
        assert not same(first, second)
        assert first.std() > 10
