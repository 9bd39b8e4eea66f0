"""Pins: the commit, sizes and sha256 of an entry's files. Once seen, they must stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.cache import recall, remember
from zoo.catalog import Entry, read_catalog
from zoo.download import Remote, look_up
from zoo.errors import ZooError
from zoo.files import write_atomically


@dataclass(frozen=True)
class Pin:
    """A commit of 40 hexadecimal digits, and one size and sha256 per file of the entry.

    A sha256 is empty while unknown: the Hub tells it of large files only, the others are hashed after the download.
    """

    revision: str
    size_bytes: tuple[int, ...]
    sha256: tuple[str, ...]


def known_pin(entry: Entry) -> Pin | None:
    """The pin of the catalogue, completed by what was remembered of that very revision; None if never resolved."""
    seen = _remembered(entry)
    if entry.revision and (seen is None or seen.revision != entry.revision):
        seen = Pin(entry.revision, (), ()) if entry.sha256 and entry.size_bytes else None
    if seen is None:
        return None
    return Pin(seen.revision, entry.size_bytes or seen.size_bytes, entry.sha256 or seen.sha256)


def resolve(entry: Entry, known: Pin | None) -> Pin:
    """Ask the Hub for the commit, sizes and hashes of an entry. Raises `ZooError` if they contradict what is known."""
    revision = known.revision if known else entry.revision or "main"
    expected = known.sha256 if known else entry.sha256 or ("",) * len(entry.files)
    sizes, hashes = [], []
    for path, sha256 in zip(entry.files, expected, strict=True):
        found = look_up(Remote(entry.repo, entry.repo_type, revision, path))
        revision = found.commit
        if sha256 and found.sha256 and found.sha256 != sha256:
            raise ZooError(
                f"{path} of {entry.repo} has sha256 {found.sha256} on the Hub instead of {sha256}; the file was"
                " replaced, so it is not pulled."
            )
        sizes.append(found.size or 0)
        hashes.append(sha256 or found.sha256)
    return Pin(revision, known.size_bytes if known else entry.size_bytes or tuple(sizes), tuple(hashes))


def remember_pin(entry: Entry, pin: Pin) -> None:
    """Remember a pin whose every sha256 is known."""
    remember(
        "pins",
        _key(entry),
        {"files": entry.files, "revision": pin.revision, "size_bytes": pin.size_bytes, "sha256": pin.sha256},
    )


def _remembered(entry: Entry) -> Pin | None:
    seen = recall("pins", _key(entry))
    if not seen or seen.get("files") != list(entry.files):
        return None
    return Pin(seen["revision"], tuple(seen["size_bytes"]), tuple(seen["sha256"]))


def _key(entry: Entry) -> str:
    """One name per entry and repository: the same entry may come from its own repository or from a mirror."""
    return f"{entry.name}@{entry.repo.replace('/', '--')}"


def write_pin(path: Path, name: str, pin: Pin, verified: bool) -> None:
    """Write a pin into the catalogue file at `path`, in the table of the entry called `name`, and check the result."""
    values = {
        "revision": json.dumps(pin.revision),
        "sha256": json.dumps(list(pin.sha256)),
        "size_bytes": json.dumps(list(pin.size_bytes)),
        "verified": "true" if verified else "",
    }
    before = path.read_text(encoding="utf-8")
    lines = before.splitlines()
    if f"[entry.{name}]" not in lines:
        raise ZooError(f"{path.name} has no line [entry.{name}], so the pin cannot be written there.")
    start = lines.index(f"[entry.{name}]") + 1
    end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    last = max(i for i in range(start, end) if lines[i] and not lines[i].startswith("#"))
    kept = [line for line in lines[start : last + 1] if _field_of(line) not in [k for k, v in values.items() if v]]
    new = [f"{key} = {value}" for key, value in values.items() if value not in ("", '""')]
    write_atomically(path, "\n".join([*lines[:start], *kept, *new, *lines[last + 1 :], ""]).encode())
    try:
        read_catalog(path)
    except ZooError:
        write_atomically(path, before.encode())
        raise


def _field_of(line: str) -> str:
    found: Sequence[str] = re.findall(r"^\s*(\w+)\s*=", line)
    return found[0] if found else ""
