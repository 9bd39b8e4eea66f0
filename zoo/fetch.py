"""The files of one entry from the Hub: resolved, downloaded, and checked against their pin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from zoo.cache import offline_sentence, remembered_sha256
from zoo.catalog import Entry
from zoo.download import Remote, cached, download, forget
from zoo.errors import ZooError
from zoo.pins import Pin, known_pin, remember_pin, resolve

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Fetched:
    """Files on disk, each with the sha256 it was checked against, and the commit they belong to."""

    files: list[Path]
    revision: str
    sha256: list[str]


def fetch(entry: Entry, offline: bool, progress: Progress) -> Fetched:
    """Every file of an entry, from the download cache or from the Hub, checked. Raises `ZooError`.

    An entry that is not pinned is resolved first; what was found is remembered, and must match from then on.
    """
    pin = known_pin(entry)
    if pin is None or any(cached(remote) is None for remote in _remotes(entry, pin)):
        if offline:
            raise ZooError(offline_sentence(entry.name))
        progress(0.0, f"asking {entry.repo}")
        pin = resolve(entry, pin)  # for a pinned entry too: it fails soon where the download would try for long
    files, hashes = [], []
    for index, remote in enumerate(_remotes(entry, pin)):
        part = _part(progress, index, len(entry.files))
        file = cached(remote) or download(remote, pin.size_bytes[index] or None, part)
        files.append(file)
        hashes.append(_checked(remote, file, pin, index))
    remember_pin(entry, Pin(pin.revision, tuple(file.stat().st_size for file in files), tuple(hashes)))
    return Fetched(files, pin.revision, hashes)


def _remotes(entry: Entry, pin: Pin) -> list[Remote]:
    return [Remote(entry.repo, entry.repo_type, pin.revision, path) for path in entry.files]


def _checked(remote: Remote, file: Path, pin: Pin, index: int) -> str:
    """The sha256 of a file that is as its pin says; a file that is not is removed and refused."""
    expected_size, expected = pin.size_bytes[index], pin.sha256[index]
    size = file.stat().st_size
    if expected_size and size != expected_size:
        forget(file)
        state = "truncated" if size < expected_size else "too long"
        raise ZooError(f"{remote} is {state}: {size} bytes instead of {expected_size}; it was removed, pull it again.")
    sha256 = remembered_sha256(file)
    if expected and sha256 != expected:
        forget(file)
        raise ZooError(
            f"{remote} has sha256 {sha256} instead of {expected}: damaged on the way, or replaced by its owner; it was"
            " removed, pull it again."
        )
    return sha256


def _part(progress: Progress, index: int, count: int) -> Progress:
    return lambda fraction, what: progress((index + fraction) / count, what)
