"""Checkpoint folders: `model.safetensors` beside `config.json`, and nothing else.

Files that only look like weights (a web page, a Git-LFS pointer, half a download) are told apart by name.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError

if TYPE_CHECKING:  # torch takes seconds to import, and listing a zoo needs none of it
    import torch

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
FORMAT = 1
MAX_CONFIG_BYTES = 1 << 20
MAX_HEADER_BYTES = 100_000_000  # the safetensors format's own limit


def read_config(folder: Path) -> dict[str, Any]:
    """The `config.json` of a checkpoint folder. Raises `ZooError` if it is missing, damaged or of another format."""
    path = Path(folder) / CONFIG
    if not path.is_file():
        raise ZooError(f"{folder} holds no {CONFIG}; a checkpoint is a folder with {WEIGHTS} and {CONFIG}.")
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ZooError(f"{path} is larger than {MAX_CONFIG_BYTES} bytes, too large for a {CONFIG}.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ZooError(f"{path} is not JSON ({one_line(error)}).") from error
    if not isinstance(config, dict):
        raise ZooError(f"{path} holds a {type(config).__name__}; a {CONFIG} holds an object.")
    if config.get("format") != FORMAT:
        raise ZooError(f"{path} has format {config.get('format')!r}; this version reads format {FORMAT}.")
    if not isinstance(config.get("family"), str):
        raise ZooError(f"{path} names no family; run python -m zoo convert on the original file.")
    return config


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of a checkpoint folder, on the CPU, by name. Raises `ZooError` if the file cannot be used."""
    path = Path(folder) / WEIGHTS
    check_safetensors(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ZooError(f"{path} is a damaged safetensors file ({one_line(error)}); get it again.") from error


def write_checkpoint(folder: Path, tensors: Mapping[str, torch.Tensor], config: Mapping[str, Any]) -> None:
    """Write `model.safetensors` and `config.json` into `folder`, each under a temporary name first."""
    from safetensors.torch import save

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(folder / WEIGHTS, save(contiguous, metadata={"format": "pt"}))
    write_atomically(folder / CONFIG, json.dumps(dict(config), indent=2).encode() + b"\n")


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that no reader, and no crash, ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)  # mkstemp makes files for their owner only
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_not_a_stand_in(path: Path) -> None:
    """Raise `ZooError` if `path` is empty, or a web page or LFS pointer in the place of weights."""
    with open(path, "rb") as file:
        start = file.read(512)
    if not start:
        raise ZooError(f"{path} is empty; get it again.")
    if start.startswith(b"version https://git-lfs.github.com/spec/"):
        raise ZooError(f"{path} is a Git-LFS pointer, not the weights it points to; fetch them with git lfs pull.")
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        raise ZooError(f"{path} is a web page, not weights; use the direct link (/resolve/, not /blob/).")


def check_safetensors(path: Path) -> None:
    """Raise `ZooError` unless `path` is a whole safetensors file, judged by its header and its length."""
    if not path.is_file():
        raise ZooError(f"{path.parent} holds no {path.name}; a checkpoint is a folder with {WEIGHTS} and {CONFIG}.")
    check_not_a_stand_in(path)
    other = f"{path} is not a safetensors file; convert the original with python -m zoo convert."
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))[0]
        header_bytes = file.read(length) if length <= MAX_HEADER_BYTES else b"none"
    if header_bytes[:1] not in (b"{", b""):
        raise ZooError(other)
    if size < 8 + length:
        raise ZooError(f"{path} is truncated in its header: it has only {size} bytes; get it again.")
    try:
        header = json.loads(header_bytes)
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        wanted = 8 + length + max(ends, default=0)
    except (ValueError, AttributeError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise ZooError(other) from error
    if size != wanted:
        state = "truncated" if size < wanted else "too long"
        raise ZooError(f"{path} is {state}: it has {size} bytes and should have {wanted}; get it again.")


def one_line(error: Exception) -> str:
    """The first line of an error's text, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
