"""One file from the Hugging Face Hub, with a progress callback, short time-outs, and a sentence for every failure."""

from __future__ import annotations

import queue
import re
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import get_session

from zoo.cache import cache_error, cache_root, place, without_paths
from zoo.endpoint import endpoint
from zoo.errors import ZooError
from zoo.files import check_not_a_stand_in, one_line

Progress = Callable[[float, str], None]
T = TypeVar("T")

ANSWER_SECONDS = 3.0  # for one network step of a look-up
LOOK_UP_SECONDS = 5.0  # for all of it; name resolution has no time-out of its own
UNREACHABLE_SECONDS = 60.0  # how long a server that did not answer is not asked again
SPARE_BYTES = 64 << 20  # left free on the disk

# huggingface_hub reads these at every download. Its pieces of 10 MiB would make progress, cancelling and resuming
# that coarse; and the Xet transfer calls its progress from a thread where an exception cannot stop it.
constants.DOWNLOAD_CHUNK_SIZE = 1 << 20
constants.HF_HUB_DOWNLOAD_TIMEOUT = 5
constants.HF_HUB_DISABLE_XET = True

_unreachable: dict[str, float] = {}  # endpoint -> when it last failed to answer (time.monotonic)


@dataclass(frozen=True)
class Remote:
    """A file of a repository on the Hub, at a revision (a commit, or a branch)."""

    repo: str
    repo_type: str
    revision: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} of {self.repo}"


@dataclass(frozen=True)
class Found:
    """What the Hub says of a file: the commit, the size, and the sha256 (empty for a file that is not in LFS)."""

    commit: str
    size: int | None
    sha256: str


def cached(remote: Remote) -> Path | None:
    """The file, if it was downloaded before; needs no network."""
    path = try_to_load_from_cache(
        remote.repo, remote.path, cache_dir=_downloads(), revision=remote.revision, repo_type=remote.repo_type
    )
    return Path(path) if isinstance(path, str) else None


def look_up(remote: Remote) -> Found:
    """Ask the Hub about a file, within five seconds. Raises `ZooError`."""
    found = _within_seconds(lambda: _ask(remote))
    if isinstance(found, Exception):
        raise _sentence(found, remote) from found
    return found


def check_reachable(repo: str) -> None:
    """Raise `ZooError` if the Hub does not answer within five seconds; what it answers does not matter."""
    url = f"{endpoint()}/api/models/{repo}"
    found = _within_seconds(lambda: get_session().head(url, timeout=ANSWER_SECONDS))
    if isinstance(found, httpx2.TransportError):
        raise _sentence(found, Remote(repo, "model", "main", "README.md")) from found


def _within_seconds(ask: Callable[[], T]) -> T | Exception:
    """What `ask` returns or raises, or a time-out. A Hub that did not answer is left alone for a while."""
    hub = endpoint()
    since = time.monotonic() - _unreachable.get(hub, -UNREACHABLE_SECONDS)
    if since < UNREACHABLE_SECONDS:
        raise ZooError(f"{hub} did not answer {since:.0f} seconds ago; check the network and try again in a minute.")
    answer: queue.Queue[T | Exception] = queue.Queue()

    def work() -> None:
        try:
            answer.put(ask())
        except Exception as error:  # handed to the thread that waits
            answer.put(error)

    threading.Thread(target=work, daemon=True).start()
    found: T | Exception
    try:
        found = answer.get(timeout=LOOK_UP_SECONDS)
    except queue.Empty:
        found = httpx2.ConnectTimeout(f"no answer within {LOOK_UP_SECONDS:.0f} seconds")
    if isinstance(found, httpx2.TransportError):
        _unreachable[hub] = time.monotonic()
    return found


def _ask(remote: Remote) -> Found:
    url = hf_hub_url(
        remote.repo, remote.path, repo_type=remote.repo_type, revision=remote.revision, endpoint=endpoint()
    )
    about = get_hf_file_metadata(url, timeout=ANSWER_SECONDS, endpoint=endpoint())
    if about.commit_hash is None or about.etag is None:
        raise FileMetadataError(f"{url} was not answered as a Hub does")
    sha256 = about.etag if re.fullmatch(r"[0-9a-f]{64}", about.etag) else ""
    return Found(about.commit_hash, about.size, sha256)


def download(remote: Remote, size: int | None, progress: Progress) -> Path:
    """Download a file whose `size` in bytes was looked up (None: unknown). Raises `ZooError`.

    `progress(fraction, what)` is called as the bytes arrive; what it raises stops the download, leaves nothing
    behind and is passed on.
    """
    try:
        _check_space(remote, size)
        path = hf_hub_download(
            remote.repo,
            remote.path,
            repo_type=remote.repo_type,
            revision=remote.revision,
            endpoint=endpoint(),
            cache_dir=_downloads(),
            etag_timeout=ANSWER_SECONDS,
            tqdm_class=_bar_for(progress, f"downloading {remote}"),
        )
    except (httpx2.HTTPError, EntryNotFoundError, FileMetadataError, OfflineModeIsEnabled, OSError) as error:
        raise _sentence(error, remote) from error
    try:
        check_not_a_stand_in(Path(path))
    except ZooError as error:
        forget(Path(path))
        said = without_paths(error, {Path(path): remote.path})
        raise ZooError(f"Instead of weights, {remote.repo} serves this: {said}") from error
    return Path(path)


def forget(path: Path) -> None:
    """Remove a downloaded file, so that the next pull fetches it anew."""
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _downloads() -> Path:
    return cache_root() / "hub"


def _check_space(remote: Remote, size: int | None) -> None:
    cache_root().mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache_root()).free
    if size is not None and size + SPARE_BYTES > free:
        raise ZooError(
            f"{remote} needs {size / 1e6:.0f} MB and the disk that holds the cache ({place()}) has"
            f" {free / 1e6:.0f} MB free; free some space, or set SIMS_CACHE to another disk."
        )


def _bar_for(progress: Progress, what: str) -> type:
    """What `hf_hub_download` takes for a tqdm: draws nothing, reports the bytes as they arrive."""

    class Bar:
        def __init__(self, *, total: int | None = None, initial: int = 0, **drawing: object) -> None:
            self.total, self.received = total, initial

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *error: object) -> None:
            return None

        def update(self, n: int) -> None:
            self.received += n
            progress(min(1.0, self.received / self.total) if self.total else 0.0, what)

    return Bar


def _sentence(error: Exception, remote: Remote) -> Exception:
    """The `ZooError` that tells a person what `error` means; an error of the program itself as it is."""
    hub = endpoint()
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, GatedRepoError) or status == 403:
        return ZooError(f"{remote.repo} is gated ({status}): accept its terms on {hub}/{remote.repo} and set HF_TOKEN.")
    if isinstance(error, RepositoryNotFoundError) or status == 401:
        return ZooError(
            f"{hub} has no public {remote.repo_type} {remote.repo} (401 or 404); if it is private, set HF_TOKEN to a"
            " token that may read it."
        )
    if isinstance(error, RevisionNotFoundError):
        return ZooError(f"{remote.repo} has no revision {remote.revision} any more (404); pin the entry anew.")
    if status == 404:
        return ZooError(f"{remote.repo} has no file {remote.path} at revision {remote.revision} (404).")
    if status is not None:
        return ZooError(f"{hub} answered {status} for {remote}; try again later.")
    if isinstance(error, OfflineModeIsEnabled):
        return ZooError(
            f"{remote} is not in the cache, and HF_HUB_OFFLINE forbids the network; unset it and try again."
        )
    if isinstance(error, FileMetadataError):
        return ZooError(
            f"{hub} did not answer as a Hub does: a proxy or sign-in page may stand between; check HF_ENDPOINT."
        )
    if isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError):
        return ZooError(f"The download of {remote} broke off ({one_line(error)}); try again.")
    if isinstance(error, httpx2.HTTPError | EntryNotFoundError):
        return ZooError(f"{hub} does not answer ({one_line(error)}); check the network (what is cached still works).")
    if isinstance(error, OSError) and error.errno is None:
        return ZooError(f"The download of {remote} is truncated ({one_line(error)}); try again.")
    return cache_error(error) if isinstance(error, OSError) else error
