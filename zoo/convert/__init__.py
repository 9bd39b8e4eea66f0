"""The authors' checkpoints made into `model.safetensors` and `config.json`, every tensor accounted for.

A family lists the names and shapes of its tensors by arithmetic on its configuration alone. Conversion asserts that a
file holds exactly those; loaders hold a checkpoint's weights against the same list.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.convert import bank, cips, crn, huggan, photo_wct, sims, spade, unet_resnet, vgg
from zoo.convert.config import Config, Field, Shapes, check_fields
from zoo.convert.errors import ConvertError
from zoo.convert.match import check_tensors, looks_like
from zoo.files import write_checkpoint

if TYPE_CHECKING:  # listing presets and shapes needs no torch, whose import takes seconds
    import torch

    States = Sequence[Mapping[str, torch.Tensor]]

__all__ = ["FAMILIES", "ConvertError", "Family", "checked_config", "convert", "converted", "expected_shapes"]


@dataclass(frozen=True)
class Family:
    """How checkpoints of one family are configured, recognised and read."""

    fields: Mapping[str, Field]
    presets: Mapping[str, Config]
    check: Callable[[Config], None]
    expected: Callable[[Config], Shapes]
    recognise: Callable[[States], Config]
    gather: Callable[[States, Config], dict[str, torch.Tensor]]
    read: Callable[[Path], Mapping[str, torch.Tensor]]


def _of_pytorch(file: Path) -> Mapping[str, torch.Tensor]:
    from zoo.convert.pickles import read_state_dict

    return read_state_dict(file)


def _of_tensorflow(prefix: Path) -> Mapping[str, torch.Tensor]:
    from zoo.convert.tf_state import read_state

    return read_state(prefix)


def _family(
    module: Any, presets: Mapping[str, Config], read: Callable[[Path], Mapping[str, torch.Tensor]] = _of_pytorch
) -> Family:
    return Family(module.FIELDS, presets, module.check, module.expected, module.recognise, module.gather, read)


FAMILIES: Mapping[str, Family] = {
    "spade": _family(spade, spade.PRESETS),
    "pix2pix": _family(unet_resnet, unet_resnet.PIX2PIX_PRESETS),
    "cyclegan": _family(unet_resnet, unet_resnet.CYCLEGAN_PRESETS),
    "huggan": _family(huggan, huggan.PRESETS),
    "crn": _family(crn, crn.PRESETS, _of_tensorflow),
    "sims": _family(sims, sims.PRESETS, _of_tensorflow),
    "vgg": _family(vgg, vgg.PRESETS),
    "photo_wct": _family(photo_wct, photo_wct.PRESETS),
    "cips": _family(cips, cips.PRESETS),
    "bank": _family(bank, bank.PRESETS, bank.read),
}


def convert(
    family: str,
    files: Sequence[Path],
    out: Path,
    *,
    preset: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> Path:
    """Convert the authors' `files` into the folder `out`.

    For spade they are the generator, and the encoder where there is one; for crn the PREFIX of a TensorFlow checkpoint,
    for sims three of them, in any order.

    A `preset` names one of the authors' checkpoints; fields of `config` override it, and what neither says is
    recognised from the tensors where it can be. Returns `out`. Raises `ConvertError`, before anything is written, if a
    file cannot be read, a field is wrong, or any tensor is missing, left over or of another shape.
    """
    tensors, complete = converted(family, files, preset=preset, config=config)
    try:
        write_checkpoint(Path(out), tensors, complete)
    except OSError as error:
        raise ConvertError(f"{out} cannot be written ({error.strerror}).") from error
    return Path(out)


def converted(
    family: str, files: Sequence[Path], *, preset: str | None = None, config: Mapping[str, Any] | None = None
) -> tuple[dict[str, torch.Tensor], Config]:
    """The tensors and the configuration that `convert` writes. Raises `ConvertError` as it does."""
    kind = _find_family(family)
    given = _preset(family, preset) | _overrides(family, config)
    if not files:
        raise ConvertError(f"no file was given; family {family} is converted from the authors' checkpoint.")
    states = [kind.read(Path(file)) for file in files]
    origin = " with ".join(str(file) for file in files)
    recognised = kind.recognise(states)
    if not recognised:
        found = looks_like(name for state in states for name in state)
        raise ConvertError(f"{origin} is not of family {family}: {found}.")
    complete = checked_config(_with_all(family, recognised | given, origin) | {"family": family})
    return check_tensors(kind.gather(states, complete), kind.expected(complete), origin, family), complete


def expected_shapes(config: Mapping[str, Any]) -> Shapes:
    """Name and shape of every tensor that a checkpoint with this `config.json` holds; `ConvertError` if it is wrong."""
    complete = checked_config(config)
    return FAMILIES[complete["family"]].expected(complete)


def checked_config(config: Mapping[str, Any]) -> Config:
    """The configuration with defaults filled in. Raises `ConvertError` naming the first field that is wrong."""
    family = config.get("family")
    kind = _find_family(family)
    complete = check_fields(config, str(family), kind.fields)
    kind.check(complete)
    return complete


def _find_family(family: object) -> Family:
    if not isinstance(family, str) or family not in FAMILIES:
        raise ConvertError(f"family {family!r} is not known; known are {', '.join(FAMILIES)}.")
    return FAMILIES[family]


def _preset(family: str, preset: str | None) -> Config:
    if preset is None:
        return {}
    presets = FAMILIES[family].presets
    if preset not in presets:
        close = difflib.get_close_matches(preset, presets, n=1) or list(presets)
        hint = f"it has {', '.join(close)}" if close else "it needs none, leave it out"
        raise ConvertError(f"family {family} has no preset {preset!r}; {hint}.")
    return dict(presets[preset])


def _overrides(family: str, config: Mapping[str, Any] | None) -> Config:
    if config is None:
        return {}
    if config.get("family", family) != family:
        raise ConvertError(f"config field 'family' is {config['family']!r}, but family {family} was asked for.")
    return dict(config)


def _with_all(family: str, config: Config, origin: str) -> Config:
    """`config`, once it has every field that its family needs."""
    kind = FAMILIES[family]
    missing = [name for name, field in kind.fields.items() if field.required and name not in config]
    if missing:
        presets = f"name a preset ({', '.join(kind.presets)}) or " if kind.presets else ""
        raise ConvertError(f"{origin} does not tell its {', '.join(missing)}; {presets}give a config that does.")
    return config
