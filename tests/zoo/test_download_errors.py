"""Every way a pull can fail ends in one sentence that says what happened and what to do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_hub import COMMIT, FakeHub
from tiny_zoo import CONFIG, REPO, entry, pickled_weights, pinned

from zoo import ZooError, find
from zoo.download import Remote, download
from zoo.files import read_weights
from zoo.hub import availability, obtain


def refusal(name: str = "tiny") -> str:
    """The sentence with which `obtain` refuses, after checking that it is one and that nothing half-done is left."""
    with pytest.raises(ZooError) as caught:
        obtain(name, progress=lambda fraction, what: None)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert not availability(find(name)).ready
    return sentence


def set_fault(name: str, value: object) -> Callable[[FakeHub], None]:
    return lambda hub: setattr(hub, name, value)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (set_fault("gated", True), "someone/pix2pix-tiny is gated (403): accept its terms on http"),
        (set_fault("private", True), "has no public model someone/pix2pix-tiny (401 or 404); if it is private, set"),
        (set_fault("status", 503), "answered 503 for pytorch_model.bin of someone/pix2pix-tiny; try again later"),
        (set_fault("status", 429), "answered 429"),
        (set_fault("web_page", True), "did not answer as a Hub does: a proxy or sign-in page may stand between"),
        (set_fault("flip_a_byte", True), "damaged on the way, or replaced by its owner"),
        (set_fault("short_by", 1000), "is truncated"),
        (set_fault("promised_size", 10**15), "needs 1000000000 MB and the disk that holds"),
    ],
)  # fmt: skip
def test_sentence_for_a_fault_and_recovery_from_it(
    hub: FakeHub, fault: Callable[[FakeHub], None], expected: str
) -> None:
    healthy = vars(hub).copy()
    fault(hub)
    assert expected in refusal()
    vars(hub).update(healthy)
    assert read_weights(obtain("tiny", progress=lambda fraction, what: None).folder)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"repo": '"someone/gone"'}, "has no public model someone/gone (401 or 404)"),
        ({"files": '["gone.bin"]'}, "someone/pix2pix-tiny has no file gone.bin at revision main (404)"),
        ({"revision": f'"{"1" * 40}"'}, f"someone/pix2pix-tiny has no revision {'1' * 40} any more (404)"),
    ],
)
def test_sentence_for_what_is_not_there(hub: FakeHub, use_catalog, fields: dict[str, str], expected: str) -> None:
    use_catalog(entry(**fields))
    assert expected in refusal()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<!DOCTYPE html><html>", "is a web page, not weights"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "is a Git-LFS pointer"),
        (b"", "is empty"),
    ],
)
def test_sentence_for_what_only_stands_in_for_weights(hub: FakeHub, content: bytes, expected: str) -> None:
    hub.add(REPO, "pytorch_model.bin", content)
    assert expected in refusal()
    assert f"Instead of weights, {REPO} serves this: pytorch_model.bin is " in refusal()
    hub.add(REPO, "pytorch_model.bin", pickled_weights())
    assert read_weights(obtain("tiny", progress=lambda fraction, what: None).folder)


@pytest.mark.parametrize("address", ["http://[bad", "not an address", "ftp://example.org", "http://", "http://a:port"])
def test_address_of_the_hub_that_is_none(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert refusal() == (
        f"HF_ENDPOINT is {address!r}; set it to the address of a server, such as https://huggingface.co."
    )


@pytest.mark.parametrize("mirror", ["a b/c d", "nobody", "a/b/c", "../up", "-a/b", "a--b/c", "a/b.git"])
def test_mirror_that_is_no_repository(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.setenv("SIMS_ZOO_REPO", mirror)
    expected = f"SIMS_ZOO_REPO is {mirror!r}; set it to OWNER/NAME of a repository on the Hub."
    assert refusal() == expected
    assert availability(find("tiny")).reason == expected
    assert hub.log == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04 no pickle at all" * 100, "pytorch_model.bin of someone/pix2pix-tiny is "),
        (pickled_weights()[:-100], "pytorch_model.bin of someone/pix2pix-tiny is "),
    ],
)
def test_file_that_cannot_be_converted_is_named_by_its_repository(
    hub: FakeHub, tmp_path: Path, content: bytes, expected: str
) -> None:
    hub.add(REPO, "pytorch_model.bin", content)
    sentence = refusal()
    assert sentence.startswith(expected)
    assert str(tmp_path) not in sentence


def test_damaged_checkpoint_of_a_mirror_is_named_by_its_entry(
    hub: FakeHub, use_catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_catalog(entry("closed", source='"official"', official='"https://example.org/d"', preset='"x"'))
    monkeypatch.setenv("SIMS_ZOO_REPO", "someone/mirror")
    hub.add("someone/mirror", "closed/model.safetensors", b"short")
    hub.add("someone/mirror", "closed/config.json", json.dumps({"format": 1, "family": "huggan", **CONFIG}).encode())
    assert refusal("closed").startswith("closed/model.safetensors is not a safetensors file")


def test_nobody_listens(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert refusal().startswith(f"{address} does not answer")


@pytest.mark.parametrize("fields", [{}, pinned(pickled_weights())], ids=["unpinned", "pinned"])
def test_a_hub_that_never_answers_is_given_up_and_left_alone_for_a_minute(
    hub: FakeHub, use_catalog, fields: dict[str, str]
) -> None:
    use_catalog(entry(**fields))
    hub.seconds_to_answer = 30.0
    assert "does not answer" in refusal()
    assert len(hub.log) == 1
    assert "did not answer" in refusal()
    assert len(hub.log) == 1


def test_token_opens_a_private_repository(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.private = True
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert read_weights(obtain("tiny", progress=lambda fraction, what: None).folder)


def test_another_hash_than_the_catalogue_says_is_refused_before_the_download(hub: FakeHub, use_catalog) -> None:
    for fields in (pinned(pickled_weights(seed=5)), {"sha256": f'["{"a" * 64}"]'}):
        use_catalog(entry(**fields))
        assert "the file was replaced, so it is not pulled" in refusal()
    assert hub.downloads() == []


@pytest.mark.slow
def test_connection_that_always_breaks(hub: FakeHub) -> None:
    hub.cut_after = 1000
    assert "broke off" in refusal()


def test_connection_that_breaks_once_is_resumed(hub: FakeHub, cache: Path, weights: bytes) -> None:
    hub.cut_after = 2_500_000
    received: list[float] = []

    def mend(fraction: float, what: str) -> None:
        received.append(fraction)
        hub.cut_after = None

    remote = Remote(REPO, "model", COMMIT, "pytorch_model.bin")
    assert download(remote, len(weights), mend).read_bytes() == weights
    assert max(received) == 1.0


FULL_DISK = """
import os, resource, signal, sys
from importlib import import_module
from pathlib import Path
import_module("zoo.catalog").CATALOG = Path(sys.argv[1])
from zoo.hub import obtain
if sys.argv[2] == "conversion":
    obtain("tiny", progress=lambda fraction, what: None)
    Path(os.environ["SIMS_CACHE"], "models", "tiny", "origin.json").unlink()
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    obtain("tiny", progress=lambda fraction, what: None)
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


@pytest.mark.slow
@pytest.mark.parametrize("during", ["download", "conversion"])
def test_disk_that_fills_up(hub: FakeHub, cache: Path, tmp_path: Path, during: str) -> None:
    """A limit on the size of files stands in for the full disk: the write fails in the same place."""
    answer = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "catalog-0.toml"), during], capture_output=True, text=True
    )
    assert answer.stdout == (
        "ZooError: The disk that holds the cache ($SIMS_CACHE) is full; free some space, or set SIMS_CACHE to another"
        " disk.\n"
    ), answer.stderr
    left = [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 1000]
    assert len([path for path in left if path.parents[1] != cache / "models"]) == (0 if during == "download" else 2)
