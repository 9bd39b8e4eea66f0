"""Conversion of the authors' files, in every layout in which they are published, to exactly the tensors they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from convert_cases import (
    HUGGAN,
    MOBILE,
    RESNET,
    SPADE,
    SPADE_VAE,
    SUB_MOBILE,
    UNET,
    OldTensor,
    State,
    key_list,
    saved,
    seeded,
    with_counters,
)
from safetensors.torch import load_file, save_file

from zoo.convert import FAMILIES, ConvertError, convert, expected_shapes

FAMILY_CASES = [
    ("spade", SPADE | {"norm_G": "spadesyncbatch3x3"}),
    ("pix2pix", UNET),
    ("pix2pix", UNET | {"netG": "unet_128", "norm": "instance", "size": [128, 128]}),
    ("cyclegan", RESNET),
    ("cyclegan", RESNET | {"netG": "resnet_6blocks", "norm": "batch", "use_dropout": True}),
    ("pix2pix", RESNET | {"use_dropout": True}),
    ("cyclegan", MOBILE),
    ("cyclegan", SUB_MOBILE),
    ("huggan", HUGGAN),
]


def state_for(family: str, config: dict[str, Any], seed: int = 0) -> State:
    return seeded(expected_shapes({"family": family} | config), seed)


def converted(folder: Path) -> tuple[State, dict[str, Any]]:
    return load_file(folder / "model.safetensors"), json.loads((folder / "config.json").read_text())


def assert_equal(tensors: State, wanted: State) -> None:
    assert tensors.keys() == wanted.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == wanted[name].dtype, name
        assert torch.equal(tensor, wanted[name]), name


@pytest.mark.parametrize(("family", "config"), FAMILY_CASES)
def test_a_file_is_converted_to_exactly_its_tensors(family: str, config: dict[str, Any], tmp_path: Path) -> None:
    state = state_for(family, config)
    file = saved(tmp_path / "latest_net_G.pth", with_counters(state))
    folder = convert(family, [file], tmp_path / "out", config=config)
    tensors, written = converted(folder)
    assert folder == tmp_path / "out"
    assert_equal(tensors, state)
    assert expected_shapes(written) == {name: tuple(tensor.shape) for name, tensor in tensors.items()}


@pytest.mark.parametrize(("family", "config"), [case for case in FAMILY_CASES if case[0] != "spade"])
def test_options_are_recognised_from_names_and_shapes(family: str, config: dict[str, Any], tmp_path: Path) -> None:
    file = saved(tmp_path / "latest_net_G.pth", state_for(family, config))
    _, written = converted(convert(family, [file], tmp_path / "out"))
    assert {name: written[name] for name in config} == config


def wrapped(state: State) -> dict[str, object]:
    prefixed = {f"module.{name}": tensor for name, tensor in state.items()}
    other = {"elsewhere.weight": torch.zeros(1)}
    return {
        "bare": state,
        "module": prefixed,
        "g_ema": {"g": other, "g_ema": state, "iteration": 5},
        "state_dict": {"epoch": 3, "state_dict": prefixed, "optimizer": {"lr": 0.1, "groups": [1, 2]}},
        "model": {"model": state},
        "netG": {"netD": other, "netG": state},
        "twice": {"state_dict": {"netD": other, "netG": state}},
    }


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrapping", list(wrapped({})))
def test_state_dicts_are_found_however_they_are_wrapped(wrapping: str, legacy: bool, tmp_path: Path) -> None:
    state = state_for("huggan", HUGGAN)
    file = saved(tmp_path / "model.pth", wrapped(state)[wrapping], legacy)
    assert file.read_bytes().startswith(b"\x80\x02" if legacy else b"PK")
    tensors, _ = converted(convert("huggan", [file], tmp_path / "out"))
    assert_equal(tensors, state)


def test_tensors_of_pytorch_0_3_are_read(tmp_path: Path) -> None:
    state = state_for("cyclegan", RESNET)
    file = saved(tmp_path / "old.pth", {name: OldTensor(tensor) for name, tensor in state.items()}, legacy=True)
    assert b"_rebuild_tensor\n" in file.read_bytes()
    tensors, _ = converted(convert("cyclegan", [file], tmp_path / "out"))
    assert_equal(tensors, state)


def test_safetensors_with_the_authors_names_are_read(tmp_path: Path) -> None:
    state = state_for("pix2pix", UNET)
    save_file(state, tmp_path / "generator.safetensors")
    tensors, _ = converted(convert("pix2pix", [tmp_path / "generator.safetensors"], tmp_path / "out"))
    assert_equal(tensors, state)


def test_half_precision_stays_half(tmp_path: Path) -> None:
    state = {name: tensor.half() for name, tensor in state_for("huggan", HUGGAN).items()}
    tensors, _ = converted(convert("huggan", [saved(tmp_path / "model.bin", state)], tmp_path / "out"))
    assert_equal(tensors, state)


def test_statistics_of_instance_norm_are_dropped_and_those_of_batch_norm_kept(tmp_path: Path) -> None:
    state = state_for("cyclegan", RESNET)
    old = dict(state)
    for layer, channels in (("model.2", 2), ("model.10.conv_block.2", 8), ("model.10.conv_block.6", 8)):
        old |= {f"{layer}.running_mean": torch.ones(channels), f"{layer}.running_var": torch.ones(channels)}
    file = saved(tmp_path / "horse2zebra.pth", with_counters(old), legacy=True)
    tensors, _ = converted(convert("cyclegan", [file], tmp_path / "out"))
    assert_equal(tensors, state)
    kept = state_for("cyclegan", RESNET | {"norm": "batch"})
    tensors, config = converted(convert("cyclegan", [saved(tmp_path / "b.pth", kept)], tmp_path / "out"))
    assert config["norm"] == "batch"
    assert_equal(tensors, kept)


def test_dropout_shifts_the_second_convolution(tmp_path: Path) -> None:
    for use_dropout, index in ((True, 6), (False, 5)):
        state = state_for("cyclegan", RESNET | {"use_dropout": use_dropout})
        assert f"model.10.conv_block.{index}.weight" in state
        _, config = converted(convert("cyclegan", [saved(tmp_path / "g.pth", state)], tmp_path / "out"))
        assert config["use_dropout"] is use_dropout


def test_views_of_larger_tensors_are_cut_out(tmp_path: Path) -> None:
    """GAN Compression exports its subnetworks as views of the network they were cut from."""
    large = {name: torch.randn([2 * side for side in t.shape]) for name, t in state_for("cyclegan", SUB_MOBILE).items()}
    shapes = expected_shapes({"family": "cyclegan"} | SUB_MOBILE)
    views = {name: tensor[tuple(map(slice, shapes[name]))] for name, tensor in large.items()}
    file = saved(tmp_path / "latest_net_G.pth", views)
    folder = convert("cyclegan", [file], tmp_path / "out")
    assert_equal(converted(folder)[0], {name: view.contiguous() for name, view in views.items()})
    assert (folder / "model.safetensors").stat().st_size < file.stat().st_size / 2


# ------------------------------------------------------------------------------------------------ SPADE


def spade_layer() -> torch.nn.Module:
    torch.manual_seed(3)
    layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(5, 7, 3))
    layer.train()(torch.randn(1, 5, 8, 8))  # one power iteration
    return layer.eval()


def test_folded_spectral_norm_is_bit_identical_to_the_layer() -> None:
    layer = spade_layer()
    state = {f"conv.{name}": tensor for name, tensor in layer.state_dict().items()}
    with torch.no_grad():
        layer(torch.randn(1, 5, 8, 8))
    folded = FAMILIES["spade"].gather([state], {"spectral": "folded", "use_vae": False})
    assert folded.keys() == {"conv.bias", "conv.weight"}
    assert torch.equal(folded["conv.weight"], layer.weight)


def triplets(config: dict[str, Any]) -> State:
    return with_counters(state_for("spade", config | {"spectral": "triplets"}))


def test_spade_triplets_are_folded(tmp_path: Path) -> None:
    state = triplets(SPADE)
    tensors, config = converted(convert("spade", [saved(tmp_path / "g.pth", state)], tmp_path / "out", config=SPADE))
    assert config["spectral"] == "folded"
    assert tensors.keys() == expected_shapes({"family": "spade"} | SPADE).keys()
    weight, u, v = (state[f"up_2.conv_s.weight_{part}"] for part in ("orig", "u", "v"))
    sigma = torch.dot(u, torch.mv(weight.reshape(len(u), -1), v))
    assert torch.equal(tensors["up_2.conv_s.weight"], weight / sigma)
    assert torch.equal(tensors["up_2.norm_s.mlp_gamma.weight"], state["up_2.norm_s.mlp_gamma.weight"])


def test_spade_triplets_can_be_kept(tmp_path: Path) -> None:
    state = triplets(SPADE)
    config = SPADE | {"spectral": "triplets"}
    tensors, _ = converted(convert("spade", [saved(tmp_path / "g.pth", state)], tmp_path / "out", config=config))
    assert_equal(tensors, {name: tensor for name, tensor in state.items() if not name.endswith("tracked")})


def test_spade_without_triplets_is_the_same_network(tmp_path: Path) -> None:
    """The GauGAN files of GAN Compression have spectral norm folded in; the official presets fit them as they are."""
    with_triplets = saved(tmp_path / "with.pth", triplets(SPADE))
    tensors, config = converted(convert("spade", [with_triplets], tmp_path / "with", config=SPADE))
    without = saved(tmp_path / "without.pth", with_counters(tensors), legacy=True)
    again, same = converted(convert("spade", [without], tmp_path / "without", config=SPADE))
    assert_equal(again, tensors)
    assert same == config


def split(state: State) -> tuple[State, State]:
    encoder = {name.removeprefix("netE."): tensor for name, tensor in state.items() if name.startswith("netE.")}
    return {name: tensor for name, tensor in state.items() if not name.startswith("netE.")}, encoder


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_spade_encoder_is_stored_beside_its_generator(order: tuple[int, int], tmp_path: Path) -> None:
    state = triplets(SPADE_VAE)
    parts = split(state)
    files = [saved(tmp_path / f"latest_net_{'GE'[i]}.pth", parts[i]) for i in order]
    needed = {name: value for name, value in SPADE_VAE.items() if name not in ("use_vae", "z_dim", "encoder_ngf")}
    tensors, config = converted(convert("spade", files, tmp_path / "out", config=needed))
    assert (config["use_vae"], config["z_dim"], config["encoder_ngf"]) == (True, 256, 1)
    assert tensors["fc.weight"].shape == (16 * 2 * 8 * 8, 256)
    assert torch.equal(tensors["netE.fc_mu.weight"], state["netE.fc_mu.weight"])
    assert tensors["netE.layer6.0.weight"].shape == (8, 8, 3, 3)


def test_an_encoder_too_many_or_too_few_is_refused(tmp_path: Path) -> None:
    with_style, encoder = (saved(tmp_path / f"{i}.pth", part) for i, part in enumerate(split(triplets(SPADE_VAE))))
    plain = saved(tmp_path / "latest_net_G.pth", triplets(SPADE | {"crop_size": 256}))
    with pytest.raises(ConvertError, match="takes a style; give its encoder's file"):
        convert("spade", [with_style], tmp_path / "out", config=SPADE_VAE)
    with pytest.raises(ConvertError, match="takes no style; leave the encoder's file out"):
        convert("spade", [plain, encoder], tmp_path / "out", config=SPADE | {"crop_size": 256})
    with pytest.raises(ConvertError, match="it looks like SPADE's style encoder"):
        convert("spade", [encoder], tmp_path / "out", config=SPADE)
    with pytest.raises(ConvertError, match="two generators were given"):
        convert("spade", [plain, plain], tmp_path / "out", config=SPADE | {"crop_size": 256})


@pytest.mark.parametrize("preset", ["coco", "ade20k", "cityscapes"])
def test_spade_presets_set_what_a_file_cannot_tell(preset: str, tmp_path: Path) -> None:
    options, _ = key_list(f"spade_{preset}")
    small = {name: value for name, value in options.items() if name in SPADE} | {"ngf": 1 * 2, "hidden": 4}
    file = saved(tmp_path / "g.pth", triplets(small))
    changed = {"ngf": 2, "hidden": 4}
    _, config = converted(convert("spade", [file], tmp_path / "out", preset=preset, config=changed))
    unchanged = set(small) - set(changed)
    assert {name: config[name] for name in unchanged} == {name: options[name] for name in unchanged}
    with pytest.raises(ConvertError, match=r"does not tell its label_nc, .*name a preset \(coco, ade20k, cityscapes\)"):
        convert("spade", [file], tmp_path / "other")


# ------------------------------------------------------------------------------- what does not fit


def test_what_is_missing_left_over_or_misshapen_is_named(tmp_path: Path) -> None:
    state = state_for("pix2pix", UNET)
    out = tmp_path / "out"
    name = "model.model.1.model.1.weight"
    shorter = {key: tensor for key, tensor in state.items() if key != "model.model.3.bias"}
    longer = state | {"extra.weight": torch.zeros(1)}
    reshaped = state | {name: torch.zeros(4, 2, 3, 3)}
    for content, sentence in (
        (shorter, r"1 of 69 expected tensors are missing \(model.model.3.bias\)\.$"),
        (longer, r"1 of its 70 tensors have no place \(extra.weight\)"),
        (reshaped, rf"1 have another shape \({name} is \(4, 2, 3, 3\) instead of \(4, 2, 4, 4\)\)"),
        (state | {name: state[name] * float("nan")}, f"{name} holds values that are not finite"),
        (state | {name: state[name].int()}, f"{name} as torch.int32"),
    ):
        with pytest.raises(ConvertError, match=sentence):
            convert("pix2pix", [saved(tmp_path / "g.pth", content)], out)
        assert not out.exists()


@pytest.mark.parametrize(
    ("family", "other", "config", "sentence"),
    [
        ("spade", "pix2pix", UNET, "a U-Net of pix2pix: use family pix2pix"),
        ("spade", "cyclegan", RESNET, "a CycleGAN ResNet: use family cyclegan"),
        ("huggan", "cyclegan", MOBILE, "a mobile ResNet of GAN Compression"),
        ("pix2pix", "huggan", HUGGAN, "HugGAN's U-Net: use family huggan"),
        ("cyclegan", "spade", SPADE, "a SPADE generator: use family spade"),
    ],
)
def test_a_file_of_another_family_is_recognised(
    family: str, other: str, config: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    file = saved(tmp_path / "latest_net_G.pth", state_for(other, config))
    with pytest.raises(ConvertError, match=f"is not of family {family}: it looks like {sentence}"):
        convert(family, [file], tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("model.0.weight", "model.2.weight", "model.11.weight"), "PatchGAN discriminator"),
        (("discriminator_0.model0.0.weight",), "SPADE discriminator"),
        (("head_0.norm_0.mlp_gamma.conv.0.weight", "conv_img.weight"), "compressed GauGAN"),
        (("model.1.weight", "model.10.block.1.weight"), "HugGAN's CycleGAN"),
        (("features.0.weight",), "VGG classifier"),
        (("a", "b", "c", "d"), "its tensors are a, b, c, ..."),
    ],
)
def test_files_that_hold_no_generator_known_here_are_described(
    names: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    file = saved(tmp_path / "x.pth", {name: torch.zeros(1) for name in names})
    with pytest.raises(ConvertError, match=sentence):
        convert("cyclegan", [file], tmp_path / "out")


def test_a_preset_for_another_network_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "latest_net_G.pth", state_for("cyclegan", RESNET))
    with pytest.raises(ConvertError, match="it looks like a CycleGAN ResNet: use family cyclegan"):
        convert("pix2pix", [file], tmp_path / "out", preset="edges2shoes")
    with pytest.raises(ConvertError, match="has no preset 'cocoa'; it has coco"):
        convert("spade", [file], tmp_path / "out", preset="cocoa")
    with pytest.raises(ConvertError, match="it needs none"):
        convert("huggan", [file], tmp_path / "out", preset="maps")
    with pytest.raises(ConvertError, match="family 'gaugan' is not known"):
        convert("gaugan", [file], tmp_path / "out")
    with pytest.raises(ConvertError, match="but family cyclegan was asked for"):
        convert("cyclegan", [file], tmp_path / "out", config={"family": "pix2pix"})
    with pytest.raises(ConvertError, match="no file was given"):
        convert("cyclegan", [], tmp_path / "out")


def test_networks_of_other_depths_are_refused(tmp_path: Path) -> None:
    deep = state_for("pix2pix", UNET)
    inner = "model.model.1" + ".model.3" * 7
    deep |= {f"{inner}.model.1.weight": torch.zeros(16, 16, 4, 4)}
    with pytest.raises(ConvertError, match="this U-Net has 9 levels; known are unet_256 with 8"):
        convert("pix2pix", [saved(tmp_path / "u.pth", deep)], tmp_path / "out")
    shallow = {"model.1.weight": torch.zeros(2, 3, 7, 7), "model.17.weight": torch.zeros(3, 2, 7, 7)}
    shallow |= {f"model.{i}.conv_block.1.weight": torch.zeros(8, 8, 3, 3) for i in (10, 11)}
    with pytest.raises(ConvertError, match="this ResNet has 2 blocks"):
        convert("cyclegan", [saved(tmp_path / "r.pth", shallow)], tmp_path / "out")


def test_an_unwritable_destination_is_said(tmp_path: Path) -> None:
    file = saved(tmp_path / "latest_net_G.pth", state_for("huggan", HUGGAN))
    with pytest.raises(ConvertError, match="cannot be written"):
        convert("huggan", [file], file)
