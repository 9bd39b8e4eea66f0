"""The arithmetic of names and shapes against the authors' own networks, and the strict configuration."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import pytest
import torch
from convert_cases import HUGGAN, MOBILE, RESNET, SPADE, SPADE_VAE, SUB_MOBILE, UNET, key_list
from torch import nn

from zoo.catalog import catalog
from zoo.convert import FAMILIES, ConvertError, checked_config, expected_shapes

SPADE_OPTIONS = tuple(FAMILIES["spade"].fields)


def parameters(family: str, config: dict[str, Any]) -> int:
    shapes = expected_shapes({"family": family} | config)
    return sum(math.prod(shape) for name, shape in shapes.items() if "running_" not in name)


@pytest.mark.parametrize("preset", ["coco", "ade20k", "cityscapes"])
def test_spade_presets_are_the_official_networks(preset: str) -> None:
    _, state = key_list(f"spade_{preset}")
    config = {"family": "spade", **FAMILIES["spade"].presets[preset]}
    assert expected_shapes(config | {"spectral": "triplets"}) == state["netG"]
    folded = expected_shapes(config)
    assert len(folded) == len(state["netG"]) - 2 * 18  # 7 blocks x 2, and 4 shortcuts
    assert folded["up_3.conv_s.weight"] == state["netG"]["up_3.conv_s.weight_orig"]


@pytest.mark.parametrize("name", ["spade_vae_small", "spade_most_instance_small", "spade_batch5x5_small"])
def test_spade_variants_are_those_of_the_authors(name: str) -> None:
    options, state = key_list(name)
    config = {key: value for key, value in options.items() if key in SPADE_OPTIONS} | {"family": "spade"}
    config |= {"spectral": "triplets" if options["norm_G"].startswith("spectral") else "folded"}
    wanted = dict(state["netG"])
    if "netE" in state:
        config |= {"encoder_ngf": options["ngf"]}
        wanted |= {f"netE.{key}": shape for key, shape in state["netE"].items()}
    assert expected_shapes(config) == wanted


@pytest.mark.parametrize(
    ("name", "family", "size"),
    [
        ("pix2pix_unet256", "pix2pix", 256),
        ("pix2pix_unet128_instance_small", "pix2pix", 128),
        ("cyclegan_resnet9", "cyclegan", 256),
        ("resnet6_batch_dropout_small", "cyclegan", 256),
        ("huggan_unet", "huggan", 256),
    ],
)
def test_image_networks_are_those_of_the_authors(name: str, family: str, size: int) -> None:
    options, state = key_list(name)
    assert expected_shapes({"family": family, "input": "image", "size": [size, size]} | options) == state["netG"]


@pytest.mark.parametrize("family", ["pix2pix", "cyclegan"])
def test_presets_of_the_image_networks_are_the_official_networks(family: str) -> None:
    name = {"pix2pix": "pix2pix_unet256", "cyclegan": "cyclegan_resnet9"}[family]
    for preset in FAMILIES[family].presets.values():
        assert expected_shapes({"family": family} | preset) == key_list(name)[1]["netG"]


def test_every_official_name_has_a_preset() -> None:
    assert len(FAMILIES["pix2pix"].presets) == 5
    assert len(FAMILIES["cyclegan"].presets) == 18
    assert FAMILIES["pix2pix"].presets["facades_label2photo"]["label_space"] == "facades"
    assert FAMILIES["cyclegan"].presets["cityscapes_label2photo"]["input"] == "layout_colours"


@pytest.mark.parametrize(
    ("channels", "millions"),
    [  # parameters that the README of GAN Compression reports for its released models
        ((16, 16, 32, *[16] * 3, *[32] * 3, *[32] * 3, 16, 16), 0.357),  # horse2zebra
        ((16, 16, 24, *[16] * 3, *[32] * 3, *[64] * 3, 16, 24), 0.355),  # horse2zebra, lite
        ((24, 24, 24, *[32] * 9, 20, 16), 0.342),  # horse2zebra, the paper's
        ((32, 32, 48, *[32] * 3, *[48] * 3, *[48] * 3, 16, 16), 0.822),  # edges2shoes
        ((32, 32, 40, *[48, 40, 40] * 3, 16, 32), 0.700),  # edges2shoes, the paper's
        ((48, 32, 40, *[40, 40, 40] * 3, 24, 32), 0.707),  # cityscapes, the paper's
        ((32, 32, 48, *[40] * 3, *[40] * 3, *[32] * 3, 16, 16), 0.746),  # map2sat
    ],
)
def test_compressed_networks_have_the_published_size(channels: tuple[int, ...], millions: float) -> None:
    config = SUB_MOBILE | {"ngf": channels[0], "channels": list(channels)}
    assert round(parameters("pix2pix", config) / 1e6, 3) == millions


def test_full_networks_have_the_published_size() -> None:
    assert parameters("spade", dict(FAMILIES["spade"].presets["cityscapes"])) == 93_048_003
    assert parameters("cyclegan", RESNET | {"ngf": 64}) == 11_378_179
    assert parameters("pix2pix", UNET | {"ngf": 64}) == 54_413_955
    assert parameters("pix2pix", UNET | {"ngf": 64, "netG": "unet_128", "norm": "instance"}) == 41_825_667
    assert parameters("huggan", HUGGAN | {"base_width": 64}) == 54_404_099


def separable(inputs: int, outputs: int) -> nn.Module:
    depthwise = nn.Conv2d(inputs, inputs, 3, groups=inputs)
    layers = nn.Sequential(depthwise, nn.InstanceNorm2d(inputs), nn.Conv2d(inputs, outputs, 1))
    return nn.Sequential(OrderedDict(conv=layers))


def mobile_resnet(down: tuple[int, ...], inner: list[int], up: tuple[int, ...]) -> nn.Module:
    first, second, trunk = down
    third, last = up
    pad, norm = nn.ReflectionPad2d, nn.InstanceNorm2d
    layers: list[nn.Module] = [pad(3), nn.Conv2d(3, first, 7), norm(first), nn.ReLU()]
    layers += [nn.Conv2d(first, second, 3, 2, 1), norm(second), nn.ReLU()]
    layers += [nn.Conv2d(second, trunk, 3, 2, 1), norm(trunk), nn.ReLU()]
    for width in inner:
        block = [pad(1), separable(trunk, width), norm(width), nn.ReLU(), nn.Dropout(0)]
        block += [pad(1), separable(width, trunk), norm(trunk)]
        layers += [nn.Sequential(OrderedDict(conv_block=nn.Sequential(*block)))]
    layers += [nn.ConvTranspose2d(trunk, third, 3, 2, 1, 1), norm(third), nn.ReLU()]
    layers += [nn.ConvTranspose2d(third, last, 3, 2, 1, 1), norm(last), nn.ReLU()]
    layers += [pad(3), nn.Conv2d(last, 3, 7), nn.Tanh()]
    return nn.Sequential(OrderedDict(model=nn.Sequential(*layers)))


def test_mobile_networks_match_a_network_built_from_layers() -> None:
    network = mobile_resnet((3, 4, 8), [4, 4, 4, 8, 8, 8, 12, 12, 12], (4, 1))
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert expected_shapes({"family": "cyclegan"} | SUB_MOBILE) == wanted
    whole = mobile_resnet((2, 4, 8), [8] * 9, (4, 2))
    wanted = {name: tuple(tensor.shape) for name, tensor in whole.state_dict().items()}
    assert expected_shapes({"family": "cyclegan"} | MOBILE) == wanted


@pytest.mark.parametrize(
    ("family", "base", "change", "named"),
    [
        ("spade", SPADE, {"ngf": 0}, "'ngf' is 0"),
        ("spade", SPADE, {"ngf": True}, "'ngf' is True"),
        ("spade", SPADE, {"ngf": "64"}, "'ngf' is '64'"),
        ("spade", SPADE, {"label_nc": 10**9}, "'label_nc'"),
        ("spade", SPADE, {"no_instance": 1}, "'no_instance' is 1"),
        ("spade", SPADE, {"num_upsampling_layers": "many"}, "normal or more or most"),
        ("spade", SPADE, {"norm_G": "spadebatch3x5"}, "'norm_G'"),
        ("spade", SPADE, {"aspect_ratio": float("nan")}, "'aspect_ratio'"),
        (
            "spade",
            SPADE,
            {"crop_size": 2048, "aspect_ratio": 0.25},
            "'aspect_ratio' is 0.25; with crop_size 2048 the pic",
        ),
        ("spade", SPADE, {"crop_size": 64, "num_upsampling_layers": "most"}, "'crop_size' is 64"),
        ("spade", SPADE, {"ngf": 3, "num_upsampling_layers": "most", "crop_size": 128}, "'ngf' is 3"),
        ("spade", SPADE, {"encoder_ngf": 0}, "'encoder_ngf' is 0"),
        ("spade", SPADE_VAE, {"z_dim": 64}, "'z_dim' is 64"),
        ("spade", SPADE_VAE, {"crop_size": 128}, "'crop_size' is 128"),
        ("spade", SPADE, {"spectral": "triplets", "norm_G": "spadebatch3x3"}, "'spectral'"),
        ("spade", SPADE, {"label_space": "../street"}, "'label_space'"),
        ("spade", SPADE, {"label_spaces": "street"}, "did you mean 'label_space'?"),
        ("spade", SPADE, {"format": 2}, "'format' is 2"),
        ("pix2pix", UNET, {"netG": "unet_512"}, "'netG' is 'unet_512'"),
        ("pix2pix", UNET, {"size": [256, 300]}, "'size'"),
        ("pix2pix", UNET, {"size": 256}, "'size' is 256"),
        ("pix2pix", UNET, {"input_nc": 4}, "'input_nc' is 4"),
        ("pix2pix", UNET, {"input": "layout_colours"}, "'label_space' is null"),
        ("pix2pix", UNET, {"label_space": "facades"}, "'label_space' is 'facades'"),
        ("pix2pix", UNET, {"channels": [1] * 14}, "'channels' is given"),
        ("cyclegan", SUB_MOBILE, {"channels": [1] * 13}, "'channels'"),
        ("cyclegan", SUB_MOBILE, {"channels": None}, "'channels' is missing"),
        ("cyclegan", MOBILE, {"use_dropout": False}, "'use_dropout'"),
        ("cyclegan", MOBILE, {"norm": "batch"}, "'norm'"),
        ("huggan", HUGGAN, {"size": [128, 128]}, "'size'"),
        ("huggan", HUGGAN, {"ngf": 64}, "'ngf' is not one of family huggan"),
    ],
)
def test_a_wrong_field_is_named(family: str, base: dict[str, Any], change: dict[str, Any], named: str) -> None:
    assert checked_config({"family": family} | base)["family"] == family
    with pytest.raises(ConvertError) as error:
        expected_shapes({"family": family} | base | change)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_field_and_an_unknown_family_are_named() -> None:
    with pytest.raises(ConvertError, match="lacks 'size'"):
        expected_shapes({"family": "pix2pix"} | {name: value for name, value in UNET.items() if name != "size"})
    for family in ("stylegan", None, ["spade"]):
        with pytest.raises(ConvertError, match="known are spade, pix2pix, cyclegan, huggan"):
            expected_shapes({"family": family})


def test_layouts_as_one_hot_channels_take_as_many_as_the_space_has() -> None:
    config = {"family": "pix2pix"} | UNET | {"input": "layout_onehot", "label_space": "street", "input_nc": 13}
    assert expected_shapes(config)["model.model.0.weight"] == (2, 13, 4, 4)


def test_defaults_are_filled_in() -> None:
    complete = checked_config({"family": "spade"} | SPADE)
    assert (complete["format"], complete["use_vae"], complete["spectral"]) == (1, False, "folded")
    assert torch.Size(expected_shapes(complete)["fc.weight"]) == torch.Size((32, 5, 3, 3))


def test_every_entry_of_the_catalogue_is_converted_by_a_valid_configuration() -> None:
    converted = [entry for entry in catalog().values() if entry.source != "builtin" and not entry.unsupported]
    entries = [entry for entry in converted if entry.family in FAMILIES]
    assert len(entries) > 30
    for entry in entries:
        preset = FAMILIES[entry.family].presets[entry.preset] if entry.preset else {}
        config = checked_config({"family": entry.family} | preset | dict(entry.config))
        assert config.get("label_space") == entry.label_space, entry.name
        if "size" in config and entry.family != "cips":  # whose size is that of its network
            assert tuple(config["size"]) == entry.native_size, entry.name
