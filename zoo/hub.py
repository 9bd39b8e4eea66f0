"""From a name to a folder that can be loaded: built in, already here, or pulled, checked and converted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo.catalog import Entry, find
from zoo.errors import ZooError
from zoo.files import WEIGHTS, check_safetensors, read_config, sha256_of

BUILTIN = Path(__file__).with_name("builtin")
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Availability:
    """Whether an entry can be loaded now, whether it can be pulled, and one sentence why not (empty when ready)."""

    ready: bool
    can_pull: bool
    reason: str


@dataclass(frozen=True)
class Checkpoint:
    """A folder with `model.safetensors` and `config.json`, the revision of its weights, and its entry if it has one."""

    folder: Path
    revision: str
    entry: Entry | None


def availability(entry: Entry) -> Availability:
    """The state of an entry, found out without any network call."""
    if entry.source == "builtin":
        if (BUILTIN / entry.name / WEIGHTS).is_file():
            return Availability(True, False, "")
        return Availability(False, False, f"{entry.name} is built in, but its weights are not in zoo/builtin yet.")
    return Availability(False, False, f"{entry.name} is not here yet.")


def obtain(name: str, *, progress: Progress, offline: bool | None = None) -> Checkpoint:
    """The checkpoint called `name`. Raises `ZooError`; what `progress` raises stops the work and is passed on."""
    entry = find(name)
    state = availability(entry)
    if not state.ready:
        raise ZooError(state.reason)
    return Checkpoint(BUILTIN / name, sha256_of(BUILTIN / name / WEIGHTS), entry)


def checkpoint_at(folder: Path) -> Checkpoint:
    """The checkpoint in a folder of the user's own; its revision is the sha256 of its weights."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ZooError(f"{folder} is not a folder; give a folder with {WEIGHTS} and config.json.")
    read_config(folder)
    check_safetensors(folder / WEIGHTS)
    return Checkpoint(folder, sha256_of(folder / WEIGHTS), None)
