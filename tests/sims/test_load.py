"""Loading by name and by folder, what a generator makes, and what is refused."""

from __future__ import annotations

import gc
import json
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_sims import plain_bank, scene, sims_checkpoint

import sims
from sims.generator import Cancelled, ImageRequest, LayoutRequest, RequestError
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import LoadError, card, load
from sims.memory.bank_file import BankError
from zoo import ZooError
from zoo.hub import checkpoint_at

loading = sys.modules["sims.load"]  # the package's own name for it is the function


def street(height: int = 64, width: int = 128) -> Layout:
    ids = np.full((height, width), 10, np.uint8)
    ids[height // 2 :] = 0
    ids[height // 3 : height // 2, 20:60] = 2
    ids[height // 2 : height // 2 + 12, 70:90] = 13
    return Layout(ids, label_space("street"))


def copied(folder: Path, to: Path, **changes: object) -> Path:
    """The checkpoint `folder` again, with changes to its configuration."""
    to.mkdir()
    (to / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (to / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | changes))
    return to


def test_the_package_offers_load(tiny_spade: Path) -> None:
    assert sims.load is load
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = sims.laod  # type: ignore[attr-defined]


def test_a_picture_says_how_it_was_made(tiny_spade: Path) -> None:
    generator = load(tiny_spade, device="cpu")
    picture = generator.generate(LayoutRequest(street()), seed=3)
    assert picture.image.dtype == np.uint8
    assert picture.image.shape == (*generator.card.native_size, 3)  # type: ignore[misc]
    assert set(picture.seconds) <= set(generator.stage_names)
    assert "synthesise" in picture.seconds
    assert (picture.generator, picture.seed) == (tiny_spade.name, 3)
    assert len(picture.revision) == 64


@pytest.mark.parametrize("options", [{}, {"style_sampling": "draw"}])
def test_the_seed_decides_and_nothing_else_does(tiny_spade: Path, options: dict[str, str]) -> None:
    generator = load(tiny_spade, device="cpu")
    style = None if not options else np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    request = LayoutRequest(street(), style, options)
    first = generator.generate(request, seed=1).image
    assert np.array_equal(first, generator.generate(request, seed=1).image)
    assert not np.array_equal(first, generator.generate(request, seed=2).image)


def test_a_style_picture_decides_the_look(tiny_spade: Path) -> None:
    generator = load(tiny_spade, device="cpu")
    dark, bright = (np.random.default_rng(1).integers(low, low + 99, (40, 60, 3), np.uint8) for low in (0, 150))
    pictures = [generator.generate(LayoutRequest(street(), style), seed=5) for style in (dark, bright, dark)]
    assert not np.array_equal(pictures[0].image, pictures[1].image)
    assert np.array_equal(pictures[0].image, pictures[2].image)
    assert pictures[0].options == {"style_sampling": "mean"}
    other_seed = generator.generate(LayoutRequest(street(), dark), seed=6).image
    assert np.array_equal(pictures[0].image, other_seed)  # the mean style needs no seed


def test_statistics_and_dropout_change_the_picture(tiny_pix2pix: Path) -> None:
    """The defaults are the published pictures' statistics, without their dropout."""
    generator = load(tiny_pix2pix, device="cpu")
    assert {choice.name: choice.default for choice in generator.card.options} == {
        "statistics": "picture",
        "dropout": "off",
    }
    layout = street()
    made = {
        (statistics, dropout, seed): generator.generate(
            LayoutRequest(layout, options={"statistics": statistics, "dropout": dropout}), seed=seed
        ).image.tobytes()
        for statistics in ("picture", "running")
        for dropout in ("off", "on")
        for seed in (1, 2)
    }
    assert len(set(made.values())) == 6  # without dropout the seed changes nothing
    assert generator.generate(LayoutRequest(layout), seed=3).image.tobytes() == made["picture", "off", 1]


def test_runs_on_one_generator_do_not_disturb_each_other(tiny_pix2pix: Path) -> None:
    generator = load(tiny_pix2pix, device="cpu")
    requests = [LayoutRequest(street(), options={"dropout": dropout}) for dropout in ("off", "on")] * 6
    alone = [generator.generate(request, seed=1).image for request in requests[:2]]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda request: generator.generate(request, seed=1).image, requests))
    assert all(np.array_equal(image, alone[number % 2]) for number, image in enumerate(together))


def test_the_kept_modulations_change_nothing(tiny_spade: Path) -> None:
    generator = load(tiny_spade, device="cpu")
    mirrored = Layout(street().ids[:, ::-1].copy(), street().space)
    first = generator.generate(LayoutRequest(street()), seed=1).image
    generator.generate(LayoutRequest(mirrored), seed=1)
    assert np.array_equal(first, generator.generate(LayoutRequest(street()), seed=1).image)


def test_layouts_of_other_spaces_are_mapped_and_losses_told(tiny_spade: Path) -> None:
    space = label_space("ade20k")
    ids = np.full((64, 128), space.id_of("sky"), np.uint8)
    ids[:, :40] = space.id_of("bed")
    picture = load(tiny_spade, device="cpu").generate(LayoutRequest(Layout(ids, space)))
    assert any("bed" in note for note in picture.notes)


def test_a_progress_callback_can_cancel(tiny_spade: Path) -> None:
    def stop(fraction: float, what: str) -> None:
        if what == "synthesise":
            raise Cancelled

    with pytest.raises(Cancelled):
        load(tiny_spade, device="cpu").generate(LayoutRequest(street()), progress=stop)


@pytest.mark.parametrize(
    ("options", "seed", "says"),
    [
        ({"sharpness": "10"}, 0, "has no option 'sharpness'"),
        ({"style_sampling": "median"}, 0, "accepts mean or draw"),
        ({"style_sampling": 1}, 0, "is 1; it accepts mean or draw"),
        ({"style_sampling": ["mean"]}, 0, "accepts mean or draw"),
        ({"style_sampling": "x" * 1000}, 0, "is '" + "x" * 80 + "'; it accepts mean"),
        ({"y" * 1000: "x"}, 0, "has no option '" + "y" * 80 + "'; its"),
        ({}, -1, "whole number from 0"),
        ({}, 2**32, "whole number from 0"),
        ({}, True, "whole number from 0"),
    ],
)
def test_requests_are_checked(tiny_spade: Path, options: dict[str, Any], seed: int, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        load(tiny_spade, device="cpu").generate(LayoutRequest(street(), options=options), seed=seed)


def test_a_picture_is_no_layout(tiny_spade: Path) -> None:
    with pytest.raises(RequestError, match="works from a layout, and was given a picture"):
        load(tiny_spade, device="cpu").generate(ImageRequest(np.zeros((8, 8, 3), np.uint8)))


def test_a_style_picture_is_checked(tiny_spade: Path) -> None:
    generator = load(tiny_spade, device="cpu")
    with pytest.raises(RequestError, match="The style picture is uint8"):
        generator.generate(LayoutRequest(street(), style=np.zeros((8, 8), np.uint8)))


def test_weights_that_are_not_what_the_config_says_are_named(tiny_spade: Path, tmp_path: Path) -> None:
    tensors = load_file(tiny_spade / "model.safetensors")
    folder = copied(tiny_spade, tmp_path / "cut")
    save_file({k: v for k, v in tensors.items() if k != "conv_img.bias"}, folder / "model.safetensors")
    with pytest.raises(LoadError, match=r"1 tensors differ, first conv_img.bias \(missing"):
        load(folder, device="cpu")


def test_a_config_of_another_space_is_refused(tiny_spade: Path, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="reads 20 classes, and the label space landscape has"):
        load(copied(tiny_spade, tmp_path / "a", label_space="landscape"), device="cpu")
    with pytest.raises(LoadError, match="names the label space 'moon'"):
        load(copied(tiny_spade, tmp_path / "b", label_space="moon"), device="cpu")
    with pytest.raises(LoadError, match="config field 'ngf'"):
        load(copied(tiny_spade, tmp_path / "c", ngf="wide"), device="cpu")


def test_what_makes_no_picture_is_refused(tiny_cyclegan: Path, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="makes 2 channels, no picture"):
        load(copied(tiny_cyclegan, tmp_path / "ab", output_nc=2), device="cpu")
    with pytest.raises(LoadError, match="of family 'bank', which makes no pictures"):
        load("bank-street", device="cpu")


def test_unknown_names_and_devices_are_told(tiny_spade: Path) -> None:
    with pytest.raises(ZooError, match="spade-street"):
        load("spade-stret")
    with pytest.raises(LoadError, match="auto, cpu or cuda"):
        load(tiny_spade, device="tpu")


def test_a_card_needs_no_weights(tiny_spade: Path, tmp_path: Path) -> None:
    described = card(tiny_spade)
    assert (described.task, described.label_space, described.accepts_style) == ("layout", "street", True)
    assert [choice.name for choice in described.options] == ["style_sampling"]
    assert card("spade-coco").label_space == "cocostuff"


def test_loaded_generators_are_kept_within_the_limit(
    tiny_spade: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = loading._Loaded()
    monkeypatch.setattr(loading, "_loaded", kept)
    first = load(tiny_spade, device="cpu")
    assert load(tiny_spade, device="cpu") is first
    before = first.memory_bytes()
    first.generate(LayoutRequest(street()))
    assert first.memory_bytes() > before  # what is kept of the layout counts, too
    monkeypatch.setenv("SIMS_MEMORY_MB", "0")
    second = load(copied(tiny_spade, tmp_path / "second"), device="cpu")
    assert kept.bytes() == second.memory_bytes()
    assert load(tiny_spade, device="cpu") is not first
    monkeypatch.setenv("SIMS_MEMORY_MB", "lots")
    with pytest.raises(LoadError, match="SIMS_MEMORY_MB is 'lots'"):
        load(tiny_spade, device="cpu")


def test_half_precision_files_compute_in_float32(tiny_spade: Path, tmp_path: Path) -> None:
    folder = copied(tiny_spade, tmp_path / "half")
    tensors = load_file(tiny_spade / "model.safetensors")
    save_file({key: value.half() for key, value in tensors.items()}, folder / "model.safetensors")
    generator = load(folder, device="cpu")
    assert generator.network.fc.weight.dtype == torch.float32  # type: ignore[attr-defined]


def test_crn_makes_as_many_pictures_as_it_says(tiny_crn: Path) -> None:
    """The seed chooses among them; halves are rounded upwards."""
    generator = load(tiny_crn, device="cpu")
    made = [generator.generate(LayoutRequest(scene()), seed=seed).image for seed in range(4)]
    assert len({image.tobytes() for image in made[:3]}) == 3
    assert np.array_equal(made[3], made[0])
    network = generator.network  # type: ignore[attr-defined]
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(scene().ids.astype(np.int64)), 20)
    with torch.inference_mode():
        output = network(one_hot.permute(2, 0, 1)[None].float())[0, [1, 4, 7]]  # red, green and blue of the second
    scaled = ((output.double() + 1) / 2 * 255).clamp(0, 255).permute(1, 2, 0).numpy()
    assert np.abs(made[1] - scaled).max() <= 0.5 + 1e-3
    assert len(np.unique(made[1])) > 20


def with_bank(checkpoint: Path, to: Path, inside: Path | None, **changes: object) -> Path:
    """A SIMS checkpoint again with another bank in its folder."""
    folder = copied(checkpoint, to, **changes)
    if inside is not None:
        (folder / "bank").symlink_to(inside)
    return folder


def test_a_bank_lies_in_the_checkpoint_or_is_one_of_the_catalogue(tiny_sims: Path, tmp_path: Path) -> None:
    by_name = load(with_bank(tiny_sims, tmp_path / "named", None, bank="bank-street"), device="cpu")
    assert len(by_name.composer.bank) > 10_000  # type: ignore[attr-defined]
    assert card(tmp_path / "named").task == "layout"
    with pytest.raises(LoadError, match="has no memory bank; build one with python -m sims bank build into the folder"):
        load(with_bank(tiny_sims, tmp_path / "none", None), device="cpu")
    for name, says in (("bank-strete", "bank-street"), ("spade-coco", "spade-coco")):
        with pytest.raises(ZooError, match=says) as caught:
            load(with_bank(tiny_sims, tmp_path / name, None, bank=name), device="cpu")
        assert "\n" not in str(caught.value)
    with pytest.raises(BankError, match=r"^pix2pix-street is a checkpoint of family pix2pix, and no bank of segments"):
        load(with_bank(tiny_sims, tmp_path / "no-bank", None, bank="pix2pix-street"), device="cpu")
    with pytest.raises(LoadError, match=r"config field 'bank' is '\.\./bank'; accepted is"):
        load(with_bank(tiny_sims, tmp_path / "path", None, bank="../bank"), device="cpu")


def test_a_bank_of_another_kind_is_refused(tiny_sims: Path, tmp_path: Path) -> None:
    landscape = plain_bank(tmp_path / "landscape", "landscape")
    with pytest.raises(LoadError, match="reads layouts of the space street, and its memory bank is of landscape"):
        load(with_bank(tiny_sims, tmp_path / "a", landscape), device="cpu")
    small = plain_bank(tmp_path / "small", size=(64, 128))
    with pytest.raises(LoadError, match="in layouts of 512x256, and those of its memory bank are 128x64"):
        load(with_bank(tiny_sims, tmp_path / "b", small), device="cpu")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"segments": 0}, "config field 'segments' is 0"),
        ({"segments": 3}, "its config says 3 segments"),
        ({"label_space": "moon"}, "moon"),
        ({"family": "spade"}, "config"),
    ],
)
def test_an_empty_or_damaged_bank_is_told(
    change: dict[str, object], says: str, tiny_sims: Path, tmp_path: Path
) -> None:
    bank = copied(plain_bank(tmp_path / "plain"), tmp_path / "bank", **change)
    with pytest.raises((BankError, ZooError), match=says) as caught:
        load(with_bank(tiny_sims, tmp_path / "a", bank), device="cpu")
    assert "\n" not in str(caught.value)


def test_another_configuration_is_another_generator(tiny_sims: Path, street_bank: Path, tmp_path: Path) -> None:
    folder = with_bank(tiny_sims, tmp_path / "a", street_bank)
    first = load(folder, device="cpu")
    assert load(folder, device="cpu") is first
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"minimum_area": 7000}))
    second = load(folder, device="cpu")
    found = [len(each.stages(LayoutRequest(scene())).segments) for each in (first, second)]  # type: ignore[attr-defined]
    assert found == [5, 4]


def test_another_bank_in_the_folder_is_another_generator(tiny_sims: Path, street_bank: Path, tmp_path: Path) -> None:
    """Its pictures say so, and the old bank goes with its generator."""
    folder = with_bank(tiny_sims, tmp_path / "a", street_bank)
    first: Any = load(folder, device="cpu")
    shared: Any = load(with_bank(tiny_sims, tmp_path / "b", street_bank), device="cpu")
    assert len(first.composer.bank) > 2
    assert first.card == card(folder)
    (folder / "bank").unlink()
    (folder / "bank").symlink_to(plain_bank(tmp_path / "plain"))
    second: Any = load(folder, device="cpu")
    assert len(second.composer.bank) == 2
    revisions = [each.card.revision.split("+") for each in (first, second, shared)]
    assert revisions[0][0] == revisions[1][0] == checkpoint_at(folder).revision
    assert revisions[0][1] == revisions[2][1] == checkpoint_at(street_bank).revision[:12]
    assert revisions[1][1] == checkpoint_at(folder / "bank").revision[:12] != revisions[0][1]
    assert second.card == card(folder)
    assert second.generate(LayoutRequest(scene())).revision == second.card.revision


def test_without_a_memory_the_revision_is_that_of_the_weights(tmp_path: Path) -> None:
    bare = dict.fromkeys(("transform_width", "order_width"))
    folder = sims_checkpoint(tmp_path / "bare", None, **bare, memory="none")
    assert load(folder, device="cpu").card.revision == card(folder).revision == checkpoint_at(folder).revision


def test_banks_are_shared_and_go_with_their_generators(tiny_sims: Path, tmp_path: Path) -> None:
    source = checkpoint_at(plain_bank(tmp_path / "plain"))
    checkpoint = checkpoint_at(tiny_sims)
    config = loading._config(checkpoint)
    first, second = (loading._bank(checkpoint, config, source) for _ in range(2))
    assert first is second
    gone = weakref.ref(first)
    del first, second
    gc.collect()
    assert gone() is None


def test_others_load_while_a_bank_is_pulled(
    tiny_spade: Path, tiny_sims: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bank comes only after the other one has been loaded."""
    real = loading.obtain
    loaded: list[bool] = []

    def obtain(name: str, **given: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            loaded.append(pool.submit(load, tiny_spade, device="cpu").result(timeout=60) is not None)
        return real(name, **given)

    monkeypatch.setattr(loading, "obtain", obtain)
    load(with_bank(tiny_sims, tmp_path / "named", None, bank="bank-street"), device="cpu")
    assert loaded == [True]


def test_a_bank_of_two_segments_is_enough(tiny_sims: Path, tmp_path: Path) -> None:
    generator = load(with_bank(tiny_sims, tmp_path / "a", plain_bank(tmp_path / "plain")), device="cpu")
    picture = generator.generate(LayoutRequest(scene(), options={"variety": "diverse"}))
    assert picture.notes == (
        "Nothing in the memory fits some of the road, building, vegetation, sky and car of this layout; the network"
        " paints them from the layout alone.",
    )
    assert picture.image.shape == (256, 512, 3)


def test_sims_weights_of_another_shape_are_named(street_bank: Path, tmp_path: Path) -> None:
    folder = sims_checkpoint(tmp_path / "wide", street_bank)
    told = json.loads((folder / "config.json").read_text())
    for number, (field, first) in enumerate((("order_width", "order.g_sel"), ("completion_width", "completion.g_1"))):
        wrong = with_bank(folder, tmp_path / str(number), street_bank, **{field: 1 / 32})
        with pytest.raises(LoadError, match=rf"\d+ tensors differ, first {first}"):
            load(wrong, device="cpu")
    with pytest.raises(LoadError, match=r"tensors differ, first transform\.g_b_fc1 \(\(6,\) for nothing\)"):
        load(with_bank(folder, tmp_path / "less", street_bank, transform_width=None), device="cpu")
    assert told["memory"] == "bank"
