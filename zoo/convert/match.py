"""Comparing the tensors of a file with those a configuration asks for: every one present, none left over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import Shapes
from zoo.convert.errors import ConvertError

if TYPE_CHECKING:
    import torch

# Recognised by one telling key each; the first that matches is named, so the special come before the general.
KINDS = (
    (r"netE\..*|head_0\.norm_0\.mlp_gamma\.weight", "a SPADE generator: use family spade"),
    (
        r"head_0\.norm_0\.mlp_gamma\.conv\.\d.*",
        "a compressed GauGAN, whose layers no family here has: use its full file",
    ),
    (r"fc_mu\.weight", "SPADE's style encoder: give it as the second file, after the generator's latest_net_G.pth"),
    (r"discriminator_\d+\..*", "a SPADE discriminator: use the generator's file, latest_net_G.pth"),
    (r"model\.model\.0\.weight", "a U-Net of pix2pix: use family pix2pix"),
    (r"model\.10\.block\.\d.*", "the ResNet of HugGAN's CycleGAN, whose layers no family here has"),
    (
        r"model\.10\.conv_block\.1\.conv\.0\.weight",
        "a mobile ResNet of GAN Compression: use family cyclegan or pix2pix",
    ),
    (r"model\.10\.conv_block\.1\.weight", "a CycleGAN ResNet: use family cyclegan, or pix2pix if trained on pairs"),
    (r"down1\.model\.0\.weight", "HugGAN's U-Net: use family huggan"),
    (r"model\.11\.weight|model\.0\.weight", "a PatchGAN discriminator: use the generator's file, latest_net_G.pth"),
    (r"g_4_conv1\.weights", "a cascaded refinement network: use family crn"),
    (
        r"g_(encoder|decoder|transform|selection)_conv1\..*|(synthesis|transform|order)\.g_.*",
        "a network of SIMS: use family sims with all three of them",
    ),
    (r"[ed]4\.conv4_1\.weight", "PhotoWCT: use family photo_wct"),
    (r"lff\.ffm\.conv\.weight|emb\.input", "CIPS: use family cips"),
    (r"input\.input", "a generator of StyleGAN2, whose layers no family here has"),
    (r"final_conv\.0\.weight", "the discriminator of CIPS or StyleGAN2: use the generator's file"),
    (r"features\.0\.weight", "a VGG classifier: use family vgg if it is VGG-19"),
)


def looks_like(names: Iterable[str]) -> str:
    """What a file with these tensors probably is and what to do with it."""
    names = list(names)
    for telling, kind in KINDS:
        if any(re.fullmatch(telling, name) for name in names):
            return f"it looks like {kind}"
    return f"its tensors are {_some(names)}"


def check_tensors(
    tensors: Mapping[str, torch.Tensor], expected: Shapes, origin: str, family: str
) -> dict[str, torch.Tensor]:
    """The tensors in the order of `expected`; raises `ConvertError` unless names and shapes agree one to one."""
    missing = [name for name in expected if name not in tensors]
    unused = [name for name in tensors if name not in expected]
    shapes = [
        f"{name} is {tuple(tensors[name].shape)} instead of {shape}"
        for name, shape in expected.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    faults = []
    if missing:
        faults.append(f"{len(missing)} of {len(expected)} expected tensors are missing ({_some(missing)})")
    if unused:
        faults.append(f"{len(unused)} of its {len(tensors)} tensors have no place ({_some(unused)})")
    if shapes:
        faults.append(f"{len(shapes)} have another shape ({_some(shapes)})")
    if faults:
        kind = looks_like(tensors)
        tail = "" if f"family {family}" in kind else f"; {kind}"
        raise ConvertError(f"{origin} is not what its config describes: {', '.join(faults)}{tail}.")
    _check_values(tensors, origin)
    return {name: tensors[name] for name in expected}


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _check_values(tensors: Mapping[str, torch.Tensor], origin: str) -> None:
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise ConvertError(f"{origin} holds {name} as {tensor.dtype}; weights are floating-point numbers.")
        if not tensor.isfinite().all():
            raise ConvertError(f"{origin} is damaged: {name} holds values that are not finite.")


def only_file(states: Sequence[Mapping[str, torch.Tensor]], family: str) -> dict[str, torch.Tensor]:
    """The tensors, as they are, of a family that is one file. Raises `ConvertError` for more."""
    if len(states) != 1:
        raise ConvertError(f"{len(states)} files were given; family {family} takes one.")
    return dict(states[0])
