"""From a name to a folder that can be loaded: built in, already here, or pulled, checked and converted."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoo import cache
from zoo.catalog import REPO, Entry, find, mirror_repo
from zoo.endpoint import endpoint
from zoo.errors import ZooError
from zoo.files import CONFIG, WEIGHTS, check_safetensors, read_config, write_atomically, write_checkpoint

BUILTIN = Path(__file__).with_name("builtin")
ORIGIN = "origin.json"  # beside a converted checkpoint: what it was made from
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Availability:
    """Whether an entry can be loaded now, whether it can be pulled, and one sentence why not (empty when ready)."""

    ready: bool
    can_pull: bool
    reason: str


@dataclass(frozen=True)
class Checkpoint:
    """A folder with `model.safetensors` and `config.json`, the revision of its weights, and its entry if it has one.

    The revision is the commit on the Hub; of checkpoints that come from no repository it is the sha256 of the weights.
    """

    folder: Path
    revision: str
    entry: Entry | None


def availability(entry: Entry) -> Availability:
    """The state of an entry, found out without any network call."""
    if entry.unsupported:
        return Availability(False, False, _why_unsupported(entry))
    try:
        if find_here(entry) is not None:
            return Availability(True, False, "")
        sources = _sources(entry)
    except ZooError as error:
        return Availability(False, False, str(error))
    if not sources:
        return Availability(False, False, _why_no_source(entry))
    if cache.offline():
        return Availability(False, False, cache.offline_sentence(entry.name))
    state = _damage(entry) or f"{entry.name} is not here yet"
    return Availability(False, True, f"{state}; python -m zoo pull {entry.name} gets it from {sources[0].repo}.")


def obtain(name: str, *, progress: Progress, offline: bool | None = None) -> Checkpoint:
    """The checkpoint called `name`: built in, from the cache, or pulled, checked and converted.

    `offline` overrules the environment. `progress(fraction, what)` is called during a pull; what it raises stops the
    pull, leaves nothing half done behind and is passed on. Raises `ZooError`.
    """
    entry = find(name)
    if entry.unsupported:
        raise ZooError(_why_unsupported(entry))
    here = find_here(entry)
    if here is not None:
        return here
    sources = _sources(entry)
    if not sources:
        raise ZooError(_why_no_source(entry))
    try:
        return _pull(entry, sources, progress, cache.offline() if offline is None else offline)
    except OSError as error:
        raise cache.cache_error(error) from error
    except ZooError as error:
        raise cache.without_paths(error, {}) from error


def checkpoint_at(folder: Path) -> Checkpoint:
    """The checkpoint in a folder of the user's own. Raises `ZooError` if it holds no whole one."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ZooError(f"{folder} is not a folder; give a folder with {WEIGHTS} and {CONFIG}.")
    read_config(folder)
    check_safetensors(folder / WEIGHTS)
    return Checkpoint(folder, cache.remembered_sha256(folder / WEIGHTS), None)


def local_folder(name: str) -> Path:
    """Where a checkpoint that the user converted is found under its catalogue name."""
    return cache.cache_root() / "local" / name


def folder_of(entry: Entry) -> Path:
    """The folder that holds an entry's checkpoint, or will hold it."""
    if entry.source == "builtin":
        return BUILTIN / entry.name
    local = local_folder(entry.name)
    return local if (local / WEIGHTS).is_file() else _converted_folder(entry)


def find_here(entry: Entry) -> Checkpoint | None:
    """The checkpoint if it is on this disk, unchanged, and made as the entry says. Raises `ZooError` if it is damaged.

    A converted one that was changed, or that the entry now describes otherwise, counts as not here: a pull repairs it.
    """
    folder = folder_of(entry)
    try:
        if not (folder / WEIGHTS).is_file():
            return None
        if folder == _converted_folder(entry):
            return _converted(entry, folder)
        found = checkpoint_at(folder)
        _check_config(entry, folder)
        if entry.source == "builtin" and entry.sha256 and found.revision != entry.sha256[0]:
            raise ZooError(
                f"{folder / WEIGHTS} has sha256 {found.revision}, and the catalogue says {entry.sha256[0]}; restore"
                " the file as it was shipped."
            )
    except ZooError as error:
        raise cache.without_paths(error, {BUILTIN: "zoo/builtin"}) from error
    except OSError as error:
        raise ZooError(f"{entry.name} cannot be read ({(error.strerror or type(error).__name__).lower()}).") from error
    return replace(found, entry=entry)


def _check_config(entry: Entry, folder: Path) -> None:
    """Raise `ZooError` unless the `config.json` in `folder` is whole and describes what the entry does."""
    config = read_config(folder)
    for field, wanted in (("family", entry.family), ("label_space", entry.label_space)):
        if config.get(field) != wanted:
            raise ZooError(
                f"{folder / CONFIG} says {field} {config.get(field)!r}, and the catalogue says {wanted!r} of"
                f" {entry.name}; convert the original again."
            )
    from zoo.convert import FAMILIES, ConvertError, checked_config

    if entry.family in FAMILIES:
        try:
            checked_config(config)
        except ConvertError as error:
            raise ZooError(f"{folder / CONFIG}: {error}") from error


def _damage(entry: Entry) -> str:
    """What keeps the pulled checkpoint of an entry from use, without a full stop; empty if none was pulled."""
    folder = _converted_folder(entry)
    if not (folder / WEIGHTS).is_file():
        return ""
    try:
        _check_config(entry, folder)
    except ZooError as error:
        return str(cache.without_paths(error, {})).removesuffix(".").partition("; ")[0]
    return f"{entry.name} is not as it was pulled, or the catalogue now describes it otherwise"


def verify(entry: Entry) -> Checkpoint:
    """Read every byte of an entry's checkpoint again, whatever is remembered of it.

    Raises `ZooError` if the checkpoint is not here, is damaged, or is not the one that was shipped or pulled.
    """
    weights = folder_of(entry) / WEIGHTS
    if not weights.is_file():
        raise ZooError(availability(entry).reason)
    cache.forget_sha256(weights)
    found = find_here(entry)
    if found is None:
        raise ZooError(f"{entry.name} is not as it was pulled; python -m zoo pull {entry.name} makes it anew.")
    return found


def _converted(entry: Entry, folder: Path) -> Checkpoint | None:
    try:
        origin = json.loads((folder / ORIGIN).read_text(encoding="utf-8"))
        unchanged = cache.remembered_sha256(folder / WEIGHTS) == origin["weights_sha256"]
        revision = origin["revision"]
        _check_config(entry, folder)
    except (OSError, ValueError, KeyError, TypeError, ZooError):
        return None
    if origin.get("repo") == entry.repo:  # else it came from a mirror, which the entry says nothing about
        unchanged = unchanged and all(origin.get(key) == value for key, value in _origin(entry).items() if value)
    return Checkpoint(folder, revision, entry) if unchanged else None


def _sources(entry: Entry) -> list[Entry]:
    """Where an entry can be pulled from, best first: the mirror (already converted), then its own repository.

    Raises `ZooError` if `SIMS_ZOO_REPO` names no repository.
    """
    mirror = os.environ.get("SIMS_ZOO_REPO") or mirror_repo()
    sources = []
    if mirror:
        if not re.fullmatch(REPO, mirror):
            raise ZooError(f"SIMS_ZOO_REPO is {mirror[:80]!r}; set it to OWNER/NAME of a repository on the Hub.")
        files = (f"{entry.name}/{WEIGHTS}", f"{entry.name}/{CONFIG}")
        unknown: dict[str, Any] = {"revision": "", "sha256": (), "size_bytes": (), "preset": "", "config": {}}
        sources.append(replace(entry, source="mirror", repo=mirror, repo_type="model", files=files, **unknown))
    if entry.source == "hub":
        sources.append(entry)
    return sources


def _origin(source: Entry) -> dict[str, Any]:
    """What a converted checkpoint must have been made from and how, as far as the entry fixes it."""
    return {
        "repo": source.repo,
        "files": list(source.files),
        "revision": source.revision,
        "sha256": list(source.sha256),
        "family": source.family,
        "preset": source.preset,
        "config": dict(source.config),
    }


def _converted_folder(entry: Entry) -> Path:
    return cache.cache_root() / "models" / entry.name


def _pull(entry: Entry, sources: list[Entry], progress: Progress, offline: bool) -> Checkpoint:
    endpoint()  # huggingface_hub cannot be imported with some that are no address
    from zoo.fetch import fetch  # brings huggingface_hub, which what is already here does not need

    for index, source in enumerate(sources):
        try:
            fetched = fetch(source, offline, lambda fraction, what: progress(0.9 * fraction, what))
        except ZooError:
            if index + 1 == len(sources):
                raise
            continue  # the mirror need not hold every entry
        progress(0.92, f"converting {entry.name}")
        folder = _install(
            entry, source, fetched.files, {**_origin(source), "revision": fetched.revision, "sha256": fetched.sha256}
        )
        progress(1.0, "done")
        return Checkpoint(folder, fetched.revision, entry)
    raise AssertionError("an entry without a source is refused before")


def _install(entry: Entry, source: Entry, files: list[Path], origin: Mapping[str, Any]) -> Path:
    """Convert the files in a folder of its own, then move it to its place in one step."""
    final = _converted_folder(source)
    final.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=final.parent, prefix=f".{source.name}."))
    try:
        if source.source == "mirror":
            for path, name in zip(files, (WEIGHTS, CONFIG), strict=True):
                shutil.copyfile(path, work / name)
        else:
            from zoo.convert import converted

            preset, config = source.preset or None, source.config or None
            write_checkpoint(work, *converted(source.family, files, preset=preset, config=config))
        weights = checkpoint_at(work).revision
        _check_config(entry, work)
        write_atomically(work / ORIGIN, json.dumps({**origin, "weights_sha256": weights}, indent=2).encode() + b"\n")
        os.chmod(work, 0o755)
        if _converted(entry, final) is None:  # else another process has just made the same
            _replace_folder(work, final)
    except ZooError as error:
        downloads = {file: f"{path} of {source.repo}" for file, path in zip(files, source.files, strict=True)}
        raise cache.without_paths(error, {**downloads, work: source.name}) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return final


def _replace_folder(new: Path, place: Path) -> None:
    """Put folder `new` in `place`; of two processes that do so at once, the last one wins and neither fails."""
    for _ in range(10):
        old = Path(tempfile.mkdtemp(dir=place.parent, prefix=".old."))
        with contextlib.suppress(FileNotFoundError):
            os.replace(place, old)
        try:
            os.replace(new, place)
            return
        except OSError:  # another process was faster: its folder is in the place, so take that away and try again
            continue
        finally:
            shutil.rmtree(old, ignore_errors=True)
    raise ZooError(f"{place.name} keeps being replaced by other processes; try again.")


def _why_unsupported(entry: Entry) -> str:
    return f"{entry.name} is not readable here: {entry.unsupported}"


def _why_no_source(entry: Entry) -> str:
    if entry.source == "builtin":
        return f"{entry.name} is built in, but {BUILTIN.parent.name}/builtin/{entry.name} holds no {WEIGHTS}."
    if entry.source == "mirror":
        return f"{entry.name} is in a mirror only; set SIMS_ZOO_REPO to the Hub repository (OWNER/NAME) that holds it."
    from zoo.convert.command import command_for

    converting = command_for(entry.family, entry.files, entry.preset, f"{cache.place()}/local/{entry.name}")
    *rest, last = entry.files
    files = f"{', '.join(rest)} and {last}" if rest else last
    where = f"{entry.official} ({entry.official_note})" if entry.official_note else entry.official
    return (
        f"The authors publish {entry.name} themselves: get {files} from {where}, then {converting} makes it ready here."
    )
