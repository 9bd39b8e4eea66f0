"""Reading PyTorch checkpoints, zip and legacy, without ever running code they may carry.

This is the only place of the program that opens a pickle, and only with `torch.load(weights_only=True)`. Files that are
no checkpoint are told apart by their first bytes; file formats as written by `torch.save` since PyTorch 0.1.
"""

from __future__ import annotations

import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from zoo.convert.errors import ConvertError
from zoo.errors import ZooError
from zoo.files import check_not_a_stand_in, check_safetensors, one_line

StateDict = dict[str, torch.Tensor]

ZIP = b"PK\x03\x04"
PICKLE = b"\x80"
LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # torch.save's magic number, pickled with protocol 2
ARCHIVES = {b"\x1f\x8b": "a gzip archive", b"BZh": "a bzip2 archive", b"\xfd7zXZ": "an xz archive"}
# Where training programs keep the generator inside a checkpoint; averaged weights come first, as the authors use them.
WRAPPERS = (
    "g_ema",
    "params_ema",
    "netG",
    "generator",
    "G",
    "g",
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "params",
)
MAX_WRAPPING = 3
ENDS = (EOFError, IndexError, struct.error)  # what reading beyond the end of a pickle raises


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a checkpoint file by name, on the CPU, without `module.` prefixes.

    Accepts zip and legacy pickles and safetensors, bare or wrapped state dicts. Raises `ConvertError` in one sentence
    for everything else.
    """
    if not path.is_file():
        raise ConvertError(f"{path} is not a file; give the checkpoint that the authors publish.")
    try:
        check_not_a_stand_in(path)
        loaded = _load_safetensors(path) if path.suffix == ".safetensors" else _load_pickle(path)
    except OSError as error:
        raise ConvertError(f"{path} cannot be read ({error.strerror}).") from error
    except ZooError as error:  # what the zoo says of any file
        raise ConvertError(str(error)) from error
    return _bare(loaded, path)


def _load_safetensors(path: Path) -> StateDict:
    check_safetensors(path)
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ConvertError(f"{path} is damaged ({_reason(error)}); get it again.") from error


def _check_start(path: Path) -> None:
    with open(path, "rb") as file:
        start = file.read(512)
    for magic, kind in ARCHIVES.items():
        if start.startswith(magic):
            raise ConvertError(f"{path} is {kind}; unpack it and give the checkpoint inside, such as latest_net_G.pth.")
    if start[257:262] == b"ustar":
        raise ConvertError(f"{path} is a tar archive; unpack it and give the checkpoint inside.")
    if start.startswith(ZIP):
        return _check_zip(path)
    if LEGACY.startswith(start):
        raise ConvertError(f"{path} is truncated after {len(start)} bytes; get it again.")
    if start.startswith(PICKLE) and not start.startswith(LEGACY):
        raise ConvertError(
            f"{path} is a Python pickle but not a PyTorch checkpoint; give a file that torch.save wrote."
        )
    if not start.startswith(LEGACY):
        raise ConvertError(
            f"{path} is not a checkpoint (it starts with {start[:8]!r}); accepted are .pth, .pt, .bin, .safetensors."
        )


def _check_zip(path: Path) -> None:
    names = _names_in_zip(path)
    if any(name.endswith("/constants.pkl") for name in names):
        raise ConvertError(
            f"{path} is a TorchScript program, not a state dict; save model.state_dict() and convert that."
        )
    if not any(name.endswith("/data.pkl") for name in names):
        raise ConvertError(
            f"{path} is a zip archive but no PyTorch checkpoint; unpack it and give the checkpoint inside."
        )


def _names_in_zip(path: Path) -> list[str]:
    try:
        if zipfile.is_zipfile(path):  # the table of contents stands at the end
            with zipfile.ZipFile(path) as archive:
                return archive.namelist()
    except Exception as error:  # the bytes of a damaged file can lead its reader into any error
        raise ConvertError(f"{path} is damaged ({_reason(error)}); get it again.") from error
    raise ConvertError(f"{path} is truncated: the end of its zip archive is missing; get it again.")


def _load_pickle(path: Path) -> Any:
    _check_start(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is odd in a file, the sentence below is said or nothing
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # as above
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        if found:
            raise ConvertError(
                f"{path} is more than a state dict: it needs the Python class {found[1]} and is not opened; "
                f"in the program that made it, save the generator's state_dict() alone and convert that file."
            ) from error
        if isinstance(error, ENDS) or re.search("truncated|unexpected EOF", str(error)):
            raise ConvertError(f"{path} is truncated; get it again.") from error
        raise ConvertError(f"{path} is damaged ({_reason(error)}); get it again.") from error


def _reason(error: Exception) -> str:
    return one_line(error)[:160]


def _bare(loaded: Any, path: Path) -> StateDict:
    """The state dict inside `loaded`, however it is wrapped."""
    for _ in range(MAX_WRAPPING):
        if not isinstance(loaded, Mapping):
            raise ConvertError(f"{path} holds a {type(loaded).__name__}, not a state dict of named tensors.")
        if not loaded:
            raise ConvertError(f"{path} holds an empty state dict.")
        if all(isinstance(value, torch.Tensor) for value in loaded.values()):
            return _without_module(loaded)
        inner = next((name for name in WRAPPERS if isinstance(loaded.get(name), Mapping)), None)
        if inner is None:
            break
        loaded = loaded[inner]
    names = ", ".join(str(name) for name in list(loaded)[:6])
    raise ConvertError(f"{path} holds no state dict under a name known here; its entries are {names}.")


def _without_module(state: Mapping[Any, torch.Tensor]) -> StateDict:
    """DataParallel puts every name under `module.`."""
    named = {str(name): tensor for name, tensor in state.items()}
    while all(name.startswith("module.") for name in named):
        named = {name.removeprefix("module."): tensor for name, tensor in named.items()}
    return named
