"""The catalogue: every checkpoint the program knows of, read from `catalog.toml` and checked field by field."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from zoo.errors import ZooError

CATALOG = Path(__file__).with_name("catalog.toml")
SOURCES = ("builtin", "hub", "mirror", "official")
FAMILIES = ("spade", "pix2pix", "cyclegan", "huggan", "crn", "sims", "bank", "vgg", "photo_wct", "cips")
TASKS = ("layout", "image", "memory", "features", "style", "grid")
REPO = r"(?a)(?!.*(?:--|\.\.|\.git$))\w([\w.-]*\w)?/\w([\w.-]{0,94}\w)?"  # OWNER/NAME, as the Hub accepts it


@dataclass(frozen=True)
class Entry:
    """All that is known of one checkpoint. What is not known is empty, never guessed.

    `files`, `sha256` and `size_bytes` go together, one each per file. `revision` is the Hub's 40-digit commit.
    `official` is where the authors publish the files, `official_note` what else one must know to get them there.
    `preset` or `config` says how `zoo.convert` reads the original files. `verified` tells whether this entry was
    ever pulled and run as written here. `unsupported` is one sentence why this program cannot read the files, empty if
    it can. `variant_of` names the entry that this one is an ablation of: it is there to be compared with that one.
    """

    name: str
    title: str
    family: str
    task: str
    source: str
    label_space: str | None = None
    native_size: tuple[int, int] | None = None  # (height, width)
    repo: str = ""
    repo_type: str = "model"
    files: tuple[str, ...] = ()
    revision: str = ""
    sha256: tuple[str, ...] = ()
    size_bytes: tuple[int, ...] = ()
    official: str = ""
    official_note: str = ""
    preset: str = ""
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)
    licence: str = ""
    licence_note: str = ""
    paper: str = ""
    paper_url: str = ""
    trained_on: str = ""
    verified: bool = False
    accepts_style: bool = False
    unsupported: str = ""
    variant_of: str = ""


@dataclass(frozen=True)
class Catalog:
    """What one catalogue file holds: the entries by name, and the mirror it names (empty: none)."""

    entries: Mapping[str, Entry]
    mirror: str


def catalog() -> Mapping[str, Entry]:
    """Every entry by name, in the file's order. Raises `ZooError` naming file, entry and field if one is wrong."""
    return _read_once(CATALOG).entries


def catalog_file() -> Path:
    """The file that `catalog()` reads."""
    return CATALOG


def mirror_repo() -> str:
    """The Hub repository that `[zoo] mirror` of the catalogue names, or an empty string."""
    return _read_once(CATALOG).mirror


@cache
def _read_once(path: Path) -> Catalog:
    return read_catalog(path)


def find(name: str) -> Entry:
    """The entry called `name`. Raises `ZooError` with the closest names if there is none."""
    entries = catalog()
    if name in entries:
        return entries[name]
    close = difflib.get_close_matches(name, entries, n=3, cutoff=0.5)
    hint = f"close to it: {', '.join(close)}" if close else "python -m zoo list shows all"
    raise ZooError(f"There is no checkpoint called {name[:80]!r}; {hint}.")


def read_catalog(path: Path) -> Catalog:
    """Read and check one catalogue file. Raises `ZooError` naming file, entry and field."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ZooError(f"{path.name} cannot be read: {error}.") from error
    unknown = sorted(set(data) - {"zoo", "set", "entry"})
    if unknown:
        raise ZooError(f"{path.name} has an unknown table [{unknown[0]}]; it holds [zoo], [set.NAME] and [entry.NAME].")
    zoo = _table(data, "zoo", path)
    if set(zoo) - {"mirror"} or not isinstance(zoo.get("mirror", ""), str):
        raise ZooError(f"{path.name}, [zoo]: the one field it holds is mirror, a string (OWNER/NAME or empty).")
    sets = _table(data, "set", path)
    rows = _table(data, "entry", path)
    entries = {name: _entry(name, row, sets, path) for name, row in rows.items()}
    for name, entry in entries.items():
        _check_variant(entry, entries, f"{path.name}, entry {name!r}")
    return Catalog(MappingProxyType(entries), str(zoo.get("mirror", "")))


def _table(data: Mapping[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise ZooError(f"{path.name}: {key} must be a table.")
    return value


def _entry(name: str, row: object, sets: Mapping[str, Any], path: Path) -> Entry:
    """One checked entry: the fields of the set it names, overruled by its own."""
    where = f"{path.name}, entry {name!r}"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ZooError(f"{where}: a name is made of a-z, 0-9 and single hyphens.")
    if not isinstance(row, dict):
        raise ZooError(f"{where}: an entry is a table [entry.{name}].")
    own = dict(row)
    shared = own.pop("set", None)
    if shared is not None and not (isinstance(shared, str) and isinstance(sets.get(shared), dict)):
        raise ZooError(f"{where}, field 'set': there is no [set.{shared}].")
    values = {**(sets[shared] if shared is not None else {}), **own}
    known = {f.name: f for f in fields(Entry) if f.name != "name"}
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            raise ZooError(f"{where}, field {key!r}: unknown field{f', close to {close[0]!r}' if close else ''}.")
    for key, f in known.items():
        if key not in values and f.default is MISSING and f.default_factory is MISSING:
            raise ZooError(f"{where}, field {key!r}: missing.")
    checked = {key: _checked(key, value, where) for key, value in values.items()}
    entry = Entry(name=name, **checked)
    _check_together(entry, where)
    return entry


def _checked(key: str, value: object, where: str) -> Any:
    """`value` as the entry holds it (lists as tuples), or `ZooError`."""
    accepts, wanted = _FIELDS.get(key, (_is_text, "a string"))
    if not accepts(value):
        raise ZooError(f"{where}, field {key!r}: {value!r} is not {wanted}.")
    return tuple(value) if isinstance(value, list) else value


def _check_together(entry: Entry, where: str) -> None:
    """What no field can tell alone."""
    needed = {
        "builtin": ("files",),
        "hub": ("repo", "files"),
        "official": ("official", "files", "preset"),
        "mirror": (),
    }
    for key in needed[entry.source]:
        if not getattr(entry, key):
            raise ZooError(f"{where}, field {key!r}: missing, and an entry with source {entry.source!r} needs it.")
    if entry.unsupported and (entry.preset or entry.config):
        raise ZooError(f"{where}, field 'unsupported': leave 'preset' and 'config' out, nothing is converted.")
    if entry.source == "hub" and not entry.unsupported and bool(entry.preset) == bool(entry.config):
        raise ZooError(f"{where}, field 'config': give either 'preset' or 'config', the way to convert it.")
    for key, values in (("sha256", entry.sha256), ("size_bytes", entry.size_bytes)):
        if values and len(values) != len(entry.files):
            raise ZooError(f"{where}, field {key!r}: has {len(values)} values for {len(entry.files)} files.")


def _check_variant(entry: Entry, entries: Mapping[str, Entry], where: str) -> None:
    """What only the other entries can tell: that it is a variant of one of them, which is no variant itself."""
    other = entries.get(entry.variant_of)
    if entry.variant_of and (other is None or other.variant_of or other is entry):
        raise ZooError(f"{where}, field 'variant_of': {entry.variant_of!r} names no entry that is no variant itself.")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _one_of(*choices: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: value in choices), f"one of {', '.join(choices)}"


def _matches(pattern: str, wanted: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None), wanted


def _list_of(accepts: Callable[[Any], bool], wanted: str) -> tuple[Callable[[Any], bool], str]:
    return (lambda value: isinstance(value, list) and all(accepts(item) for item in value)), wanted


def _is_path_inside(value: object) -> bool:
    parts = value.split("/") if isinstance(value, str) else [""]
    return not any(part in ("", ".", "..") for part in parts)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_height_width(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_size(side) for side in value)


_TRUTH: tuple[Callable[[Any], bool], str] = (lambda value: isinstance(value, bool)), "true or false"
_FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": _matches(r"\S.*", "a line of text"),
    "family": _one_of(*FAMILIES),
    "task": _one_of(*TASKS),
    "source": _one_of(*SOURCES),
    "native_size": (_is_height_width, "[height, width]"),
    "repo": _matches(REPO, "OWNER/NAME"),
    "repo_type": _one_of("model", "space"),
    "files": _list_of(_is_path_inside, "a list of paths inside the repository"),
    "revision": _matches(r"[0-9a-f]{40}", "a commit of 40 hexadecimal digits"),
    "sha256": _list_of(_matches(r"[0-9a-f]{64}", "")[0], "a list of 64 hexadecimal digits each"),
    "size_bytes": _list_of(_is_size, "a list of positive whole numbers"),
    "official": _matches(r"https?://\S+", "an http address"),
    "paper_url": _matches(r"https?://\S+", "an http address"),
    "unsupported": _matches(r"\S.*\.", "a sentence"),
    "config": ((lambda value: isinstance(value, dict)), "a table"),
    "verified": _TRUTH,
    "accepts_style": _TRUTH,
}


def markdown_table() -> str:
    """The catalogue as a Markdown table, one row per entry, for the README."""
    rows = [("Name", "What it is", "Works from", "Size", "Comes from", "Licence", "Verified"), ("---",) * 7]
    for entry in catalog().values():
        size = "x".join(map(str, reversed(entry.native_size))) if entry.native_size else ""
        checked = "not readable here" if entry.unsupported else "yes" if entry.verified else "not yet"
        rows.append(
            (f"`{entry.name}`", entry.title, _works_from(entry), size, _origin_link(entry), _licence(entry), checked)
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _works_from(entry: Entry) -> str:
    if entry.task == "layout":
        return f"{entry.label_space} layout" if entry.label_space else "a layout"
    return {"image": "a picture", "grid": "latents"}.get(entry.task, "")


def _origin_link(entry: Entry) -> str:
    if entry.source == "builtin":
        return "built in"
    if entry.source == "hub":
        kind = "spaces/" if entry.repo_type == "space" else ""
        return f"[{entry.repo}](https://huggingface.co/{kind}{entry.repo})"
    return f"[the authors' download]({entry.official})" if entry.official else "a mirror"


def _licence(entry: Entry) -> str:
    return f"{entry.licence} ({entry.licence_note})" if entry.licence_note else entry.licence or "not stated"
