"""What is kept between runs, under one folder: downloads, converted checkpoints, and what was learnt about them.

hub/           downloads, in the layout of huggingface_hub
models/NAME/   checkpoints converted after a download
local/NAME/    checkpoints that the user converted from the authors' own download
pins/          revisions and hashes first seen on the Hub, which must match from then on
checked/       hashes of files, so that no file is hashed twice
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.files import sha256_of, write_atomically


def cache_root() -> Path:
    """`SIMS_CACHE`, or `~/.cache/sims-studio`."""
    return Path(os.environ.get("SIMS_CACHE") or Path.home() / ".cache" / "sims-studio").expanduser().absolute()


def place() -> str:
    """The cache as a shell would name it: what is shown on a page should not tell the server's paths."""
    return "$SIMS_CACHE" if os.environ.get("SIMS_CACHE") else "~/.cache/sims-studio"


def without_paths(error: ZooError, names: Mapping[Path, str]) -> ZooError:
    """The same sentence, in which each path of `names` and the cache folder are called by their names."""
    sentence = str(error)
    for path, name in {**names, cache_root(): place()}.items():
        sentence = sentence.replace(str(path), name)
    return ZooError(sentence)


def offline() -> bool:
    """Whether `SIMS_OFFLINE` or `HF_HUB_OFFLINE` forbids the network."""
    return any(os.environ.get(name, "").lower() in ("1", "true", "yes", "on") for name in OFFLINE)


OFFLINE = ("SIMS_OFFLINE", "HF_HUB_OFFLINE")
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def remembered_sha256(path: Path) -> str:
    """The sha256 of a file, computed only if its size or time of change is not the one remembered."""
    path = path.resolve()
    about, key = path.stat(), _key(path)
    seen = {"path": str(path), "size": about.st_size, "mtime_ns": about.st_mtime_ns}
    known = recall("checked", key)
    if {name: known.get(name) for name in seen} == seen and isinstance(known.get("sha256"), str):
        return str(known["sha256"])
    sha256 = sha256_of(path)
    with contextlib.suppress(OSError):  # a read-only home costs one hashing a run, no more
        remember("checked", key, {**seen, "sha256": sha256})
    return sha256


def forget_sha256(path: Path) -> None:
    """Have the file hashed again when its sha256 is next asked for."""
    (cache_root() / "checked" / f"{_key(path.resolve())}.json").unlink(missing_ok=True)


def _key(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:32]


def recall(kind: str, key: str) -> dict[str, Any]:
    """What was remembered of `key`; nothing if it was never written or cannot be read any more."""
    try:
        value = json.loads((cache_root() / kind / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def remember(kind: str, key: str, value: dict[str, Any]) -> None:
    """Remember `value` of `key`; one file each, so that two processes never overwrite each other's."""
    write_atomically(cache_root() / kind / f"{key}.json", json.dumps(value, indent=2).encode() + b"\n")


def cache_error(error: OSError) -> ZooError:
    """The sentence for an error of the file system below the cache folder."""
    if error.errno in DISK_FULL:
        return ZooError(
            f"The disk that holds the cache ({place()}) is full; free some space, or set SIMS_CACHE to another disk."
        )
    reason = (error.strerror or type(error).__name__).lower()
    return ZooError(f"The cache ({place()}) cannot be written ({reason}); set SIMS_CACHE to a folder that can.")


def offline_sentence(name: str) -> str:
    """Why a checkpoint cannot be pulled now, and what to do."""
    set_to = " and ".join(variable for variable in OFFLINE if os.environ.get(variable)) or "by request"
    return f"{name} is not in the cache and offline mode is on ({set_to}); go online and run python -m zoo pull {name}."
