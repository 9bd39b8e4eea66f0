"""pix2pix and CycleGAN: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017;
Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017; and the mobile
ResNets of Li et al., "GAN Compression", CVPR 2020.

Both families use the same two generators, the U-Net and the ResNet, so what is here serves both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import (
    INPUTS,
    Config,
    Field,
    Shapes,
    boolean,
    check_input,
    integer,
    is_list_of_integers,
    label_space,
    one_of,
    size,
)
from zoo.convert.errors import ConvertError

if TYPE_CHECKING:
    import torch

UNET_LEVELS = {"unet_256": 8, "unet_128": 7}
RESNET_BLOCKS = {"resnet_9blocks": 9, "resnet_6blocks": 6}
MOBILE = ("mobile_resnet_9blocks", "sub_mobile_resnet_9blocks")
# Widths of a mobile ResNet in units of its layers' usual multiple: three down, one inside each of nine blocks, two up.
WIDTHS = 14

FIELDS: Mapping[str, Field] = {
    "netG": one_of(*UNET_LEVELS, *RESNET_BLOCKS, *MOBILE),
    "input_nc": integer(1, 256),
    "output_nc": integer(1, 4),
    "ngf": integer(1, 256),
    "norm": one_of("batch", "instance"),
    "use_dropout": boolean(),
    "channels": Field(
        f"null, or for sub_mobile_resnet_9blocks a list of {WIDTHS} whole numbers from 1 to 256",
        lambda value: value is None or (is_list_of_integers(value, 1, 256) and len(value) == WIDTHS),
        None,
    ),
    "input": one_of(*INPUTS),
    "label_space": label_space(),
    "size": size(),
}


def _preset(base: Config, space: str | None = None) -> Config:
    return base | {"input": "layout_colours" if space else "image", "label_space": space}


_UNET: Config = {"netG": "unet_256", "norm": "batch", "use_dropout": True}
_RESNET: Config = {"netG": "resnet_9blocks", "norm": "instance", "use_dropout": False}
_SIZES: Config = {"input_nc": 3, "output_nc": 3, "ngf": 64, "size": [256, 256]}

PIX2PIX_PRESETS: Mapping[str, Config] = {
    **{name: _preset(_SIZES | _UNET) for name in ("edges2shoes", "sat2map", "map2sat", "day2night")},
    "facades_label2photo": _preset(_SIZES | _UNET, "facades"),
}
CYCLEGAN_PRESETS: Mapping[str, Config] = {
    **{
        name: _preset(_SIZES | _RESNET)
        for name in (
            *("apple2orange", "orange2apple", "horse2zebra", "zebra2horse"),
            *("summer2winter_yosemite", "winter2summer_yosemite", "iphone2dslr_flower", "sat2map", "map2sat"),
            *("monet2photo", "style_monet", "style_cezanne", "style_ukiyoe", "style_vangogh"),
            *("cityscapes_photo2label", "facades_photo2label"),
        )
    },
    "cityscapes_label2photo": _preset(_SIZES | _RESNET, "cityscapes"),
    "facades_label2photo": _preset(_SIZES | _RESNET, "facades"),
}


def check(config: Config) -> None:
    """What fields must agree on. Raises `ConvertError` naming one of them."""
    check_input(config, "input_nc")
    netG, channels = config["netG"], config["channels"]
    if (channels is not None) != (netG == "sub_mobile_resnet_9blocks"):
        state = "missing" if channels is None else "given"
        raise ConvertError(
            f"config field 'channels' is {state}; it belongs to sub_mobile_resnet_9blocks, not to others."
        )
    if netG in MOBILE and not config["use_dropout"]:
        raise ConvertError(f"config field 'use_dropout' is false; the blocks of {netG} always hold a Dropout layer.")
    if netG in MOBILE and config["norm"] != "instance":
        raise ConvertError(f"config field 'norm' is {config['norm']!r}; {netG} is known with instance norm only.")
    multiple = 2 ** UNET_LEVELS[netG] if netG in UNET_LEVELS else 4
    if any(side % multiple for side in config["size"]):
        raise ConvertError(f"config field 'size' is {config['size']}; both sides must be multiples of {multiple}.")


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    if config["netG"] in UNET_LEVELS:
        return _unet(config)
    return _resnet(config)


def _unet(config: Config) -> Shapes:
    ngf, levels, norm = config["ngf"], UNET_LEVELS[config["netG"]], config["norm"]
    widths = [ngf * min(2**level, 8) for level in range(levels)]
    bias = norm == "instance"
    shapes = _convolution("model.model.0", (widths[0], config["input_nc"], 4, 4), widths[0], bias)
    for level in range(1, levels):
        prefix = unet_prefix(level)
        inner = level == levels - 1
        outer, width = widths[level - 1], widths[level]
        shapes |= _convolution(f"{prefix}.model.1", (width, outer, 4, 4), width, bias)
        if not inner:
            shapes |= _norm(f"{prefix}.model.2", width, norm)
        up, up_norm = (3, 4) if inner else (5, 6)
        # Transposed convolutions store (in, out, kh, kw); all but the innermost read the skip connection as well.
        shapes |= _convolution(f"{prefix}.model.{up}", (width if inner else 2 * width, outer, 4, 4), outer, bias)
        shapes |= _norm(f"{prefix}.model.{up_norm}", outer, norm)
    return shapes | _convolution("model.model.3", (2 * ngf, config["output_nc"], 4, 4), config["output_nc"], True)


def unet_prefix(level: int) -> str:
    """Where the block of a U-Net's level 1, 2, ... stands; the outermost, level 0, stands at `model`."""
    return "model.model.1" + ".model.3" * (level - 1)


def resnet_widths(config: Config) -> list[int]:
    """The numbers of channels, in the order of `WIDTHS`: down 3, inside each block, up 2."""
    blocks = RESNET_BLOCKS.get(config["netG"], 9)
    units = config["channels"] or [config["ngf"]] * (blocks + 5)
    factors = [1, 2, 4, *[4] * blocks, 2, 1]
    return [unit * factor for unit, factor in zip(units, factors, strict=True)]


def _resnet(config: Config) -> Shapes:
    norm = config["norm"]
    bias = norm == "instance"
    first, second, trunk, *inner, third, last = resnet_widths(config)
    tail = 10 + len(inner)
    shapes: Shapes = {}
    for index, shape in (
        (1, (first, config["input_nc"], 7, 7)),
        (4, (second, first, 3, 3)),
        (7, (trunk, second, 3, 3)),
    ):
        shapes |= _convolution(f"model.{index}", shape, shape[0], bias) | _norm(f"model.{index + 1}", shape[0], norm)
    for i, width in enumerate(inner):
        shapes |= _block(f"model.{10 + i}.conv_block", trunk, width, config)
    for index, shape in (
        (tail, (trunk, third, 3, 3)),
        (tail + 3, (third, last, 3, 3)),
    ):  # transposed: (in, out, kh, kw)
        shapes |= _convolution(f"model.{index}", shape, shape[1], bias) | _norm(f"model.{index + 1}", shape[1], norm)
    return shapes | _convolution(f"model.{tail + 7}", (config["output_nc"], last, 7, 7), config["output_nc"], True)


def _block(name: str, trunk: int, width: int, config: Config) -> Shapes:
    second = 6 if config["use_dropout"] else 5  # a Dropout layer before it shifts its index
    shapes: Shapes = {}
    for index, inputs, outputs in ((1, trunk, width), (second, width, trunk)):
        if config["netG"] in MOBILE:
            shapes |= _convolution(f"{name}.{index}.conv.0", (inputs, 1, 3, 3), inputs, True)
            shapes |= _convolution(f"{name}.{index}.conv.2", (outputs, inputs, 1, 1), outputs, True)
        else:
            shapes |= _convolution(f"{name}.{index}", (outputs, inputs, 3, 3), outputs, config["norm"] == "instance")
        shapes |= _norm(f"{name}.{index + 1}", outputs, config["norm"])
    return shapes


def _convolution(name: str, shape: tuple[int, ...], outputs: int, bias: bool) -> Shapes:
    return {f"{name}.weight": shape} | ({f"{name}.bias": (outputs,)} if bias else {})


def _norm(name: str, channels: int, norm: str) -> Shapes:
    leaves = ("weight", "bias", "running_mean", "running_var") if norm == "batch" else ()
    return {f"{name}.{leaf}": (channels,) for leaf in leaves}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """The generator's tensors, without batch counters and without InstanceNorm's statistics.

    Before PyTorch 0.4 InstanceNorm kept running statistics, which it must not use: statistics that stand without a
    weight of their layer are those, and are dropped.
    """
    if len(states) != 1:
        raise ConvertError(f"{len(states)} files were given; families pix2pix and cyclegan take one.")
    state = states[0]
    kept: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        layer, _, leaf = name.rpartition(".")
        orphan = leaf in ("running_mean", "running_var") and f"{layer}.weight" not in state
        if not orphan and leaf != "num_batches_tracked":
            kept[name] = tensor
    return kept


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The fields that names and shapes tell; nothing for a file that is neither network."""
    shapes = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    recognised = _recognise_unet(shapes) or _recognise_resnet(shapes)
    return recognised and {"input": "image", "label_space": None, "size": [256, 256]} | recognised


def _recognise_unet(shapes: Shapes) -> Config:
    first, last = shapes.get("model.model.0.weight", ()), shapes.get("model.model.3.weight", ())
    if len(first) != 4 or len(last) != 4:
        return {}
    levels = 1
    while f"{unet_prefix(levels)}.model.1.weight" in shapes:
        levels += 1
    netG = next((name for name, count in UNET_LEVELS.items() if count == levels), None)
    if netG is None:
        raise ConvertError(f"this U-Net has {levels} levels; known are unet_256 with 8 and unet_128 with 7.")
    norm = "batch" if "model.model.1.model.2.weight" in shapes else "instance"
    return {
        "netG": netG,
        "norm": norm,
        "use_dropout": True,  # it moves no name of a U-Net; the authors' default
        "input_nc": first[1],
        "output_nc": last[1],
        "ngf": first[0],
        "size": [2**levels, 2**levels],
    }


def _recognise_resnet(shapes: Shapes) -> Config:
    first = shapes.get("model.1.weight", ())
    numbers = [int(found[1]) for name in shapes if (found := re.match(r"model\.(\d+)\.conv_block\.", name))]
    if len(first) != 4 or not numbers:
        return {}
    blocks, tail = max(numbers) - 9, shapes.get(f"model.{max(numbers) + 8}.weight") or (3,)
    if blocks not in RESNET_BLOCKS.values():
        raise ConvertError(f"this ResNet has {blocks} blocks; known are resnet_6blocks and resnet_9blocks.")
    config: Config = {
        "netG": f"resnet_{blocks}blocks",
        "norm": "batch" if "model.2.weight" in shapes else "instance",
        # Norms have no 4-d weight, so a convolution at 6 tells that Dropout stands before it.
        "use_dropout": len(shapes.get("model.10.conv_block.6.weight", ())) == 4,
        "input_nc": first[1],
        "output_nc": tail[0],
        "ngf": first[0],
    }
    if "model.10.conv_block.1.conv.0.weight" in shapes:
        config |= {"use_dropout": True} | _recognise_mobile(shapes, blocks)
    return config


def _recognise_mobile(shapes: Shapes, blocks: int) -> Config:
    names = [(f"model.{i}.weight", 0) for i in (1, 4, 7)]
    names += [(f"model.{10 + i}.conv_block.1.conv.2.weight", 0) for i in range(blocks)]
    names += [(f"model.{10 + blocks + i}.weight", 1) for i in (0, 3)]
    widths = [shapes[name][axis] if len(shapes.get(name, ())) == 4 else 0 for name, axis in names]
    units = [width // factor for width, factor in zip(widths, (1, 2, 4, *[4] * blocks, 2, 1), strict=True)]
    if len(set(units)) == 1:
        return {"netG": "mobile_resnet_9blocks"}
    return {"netG": "sub_mobile_resnet_9blocks", "channels": units}
