"""Pulling: pins, verification, conversion, offline mode, cancelling, and two processes at once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from fake_hub import COMMIT, FakeHub
from tiny_zoo import CONFIG, REPO, Reports, entry, pickled_weights, pinned

from zoo import ZooError, find
from zoo.files import read_config, read_weights, write_checkpoint
from zoo.hub import availability, checkpoint_at, local_folder, obtain


def nothing(fraction: float, what: str) -> None:
    """Progress that nobody watches."""


def test_pull_converts_the_file_tensor_by_tensor(
    hub: FakeHub, reports: Reports, weights: bytes, tmp_path: Path
) -> None:
    state = availability(find("tiny"))
    assert (state.ready, state.can_pull) == (False, True)
    assert REPO in state.reason
    assert hub.log == []

    checkpoint = obtain("tiny", progress=reports)

    original = torch.load(hub.root / "models" / REPO / "pytorch_model.bin", weights_only=True)
    converted = read_weights(checkpoint.folder)
    assert original.keys() == converted.keys()
    assert all(torch.equal(original[name], converted[name]) for name in original)
    assert read_config(checkpoint.folder)["base_width"] == CONFIG["base_width"]
    assert checkpoint.revision == COMMIT
    assert checkpoint.entry == find("tiny")
    assert availability(find("tiny")).ready


def test_progress_rises_to_one_in_steps_of_a_megabyte(hub: FakeHub, reports: Reports) -> None:
    obtain("tiny", progress=reports)
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len([what for _, what in reports if what.startswith("downloading pytorch_model.bin")]) >= 4


def test_second_call_asks_no_one(hub: FakeHub) -> None:
    first = obtain("tiny", progress=nothing)
    hub.log.clear()
    before = (first.folder / "model.safetensors").stat().st_mtime_ns
    assert obtain("tiny", progress=nothing) == first
    assert hub.log == []
    assert (first.folder / "model.safetensors").stat().st_mtime_ns == before


def test_offline_is_refused_without_a_request_and_works_from_the_cache(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMS_OFFLINE", "1")
    with pytest.raises(ZooError, match=r"tiny is not in the cache and offline mode is on.* zoo pull tiny"):
        obtain("tiny", progress=nothing)
    state = availability(find("tiny"))
    assert not state.can_pull
    assert "SIMS_OFFLINE" in state.reason
    assert hub.log == []
    pulled = obtain("tiny", progress=nothing, offline=False)
    assert obtain("tiny", progress=nothing) == pulled


def test_offline_converts_again_from_the_download_cache(hub: FakeHub, cache: Path) -> None:
    folder = obtain("tiny", progress=nothing).folder
    (folder / "model.safetensors").write_bytes(b"damaged")
    hub.log.clear()
    again = obtain("tiny", progress=nothing, offline=True)
    assert read_weights(again.folder)
    assert hub.log == []


def test_pinned_entry_is_fetched_at_its_revision(hub: FakeHub, use_catalog, weights: bytes) -> None:
    use_catalog(entry(**pinned(weights)))
    obtain("tiny", progress=nothing)
    assert all("/main/" not in path for _, path in hub.log)


def test_space_repository(hub: FakeHub, use_catalog, weights: bytes) -> None:
    hub.add("someone/space", "checkpoints/g.pth", weights, kind="spaces")
    use_catalog(entry(repo='"someone/space"', repo_type='"space"', files='["checkpoints/g.pth"]'))
    assert read_weights(obtain("tiny", progress=nothing).folder)


def test_first_pull_pins_an_entry(hub: FakeHub, cache: Path) -> None:
    """What was resolved at the first pull must match from then on, even when everything else is gone."""
    folder = obtain("tiny", progress=nothing).folder
    (folder / "origin.json").unlink()
    for blob in cache.glob("hub/models--*/blobs/*"):
        blob.unlink()
    hub.add(REPO, "pytorch_model.bin", pickled_weights(seed=1))
    with pytest.raises(ZooError, match=r"has sha256 \w{64} on the Hub instead of \w{64}"):
        obtain("tiny", progress=nothing)


def test_a_hash_is_computed_once_and_again_after_a_change(hub: FakeHub) -> None:
    folder = obtain("tiny", progress=nothing).folder
    file = folder / "model.safetensors"
    obtain("tiny", progress=nothing)
    hub.log.clear()
    about, content = file.stat(), bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert obtain("tiny", progress=nothing).folder == folder
    assert file.read_bytes() == bytes(content)  # same size and time: the remembered hash was trusted
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    obtain("tiny", progress=nothing)
    assert file.read_bytes() != bytes(content)  # hashed, found changed, converted anew
    assert hub.log == []


class Stopped(Exception):  # noqa: N818 - no error: a person pressed Cancel
    pass


def test_an_exception_in_progress_stops_the_download_and_leaves_nothing(hub: FakeHub, cache: Path) -> None:
    def stop_half_way(fraction: float, what: str) -> None:
        if fraction > 0.4:
            raise Stopped

    with pytest.raises(Stopped):
        obtain("tiny", progress=stop_half_way)
    left = [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 1000]
    assert left == []
    assert not availability(find("tiny")).ready
    assert read_weights(obtain("tiny", progress=nothing).folder)


def test_an_exception_at_the_conversion_leaves_no_half_checkpoint(hub: FakeHub, cache: Path) -> None:
    def stop_late(fraction: float, what: str) -> None:
        if what.startswith("converting"):
            raise Stopped

    with pytest.raises(Stopped):
        obtain("tiny", progress=stop_late)
    assert list((cache / "models").glob("*")) == [] if (cache / "models").exists() else True
    assert not availability(find("tiny")).ready


def test_conversion_that_fails_says_why_and_leaves_nothing(hub: FakeHub, cache: Path, use_catalog) -> None:
    hub.add(REPO, "pytorch_model.bin", b"PK\x03\x04 no pickle at all" * 100)
    with pytest.raises(ZooError, match=r"pytorch_model.bin"):
        obtain("tiny", progress=nothing)
    assert list((cache / "models").iterdir()) == []


PULL = """
import sys
from pathlib import Path
from importlib import import_module
import_module("zoo.catalog").CATALOG = Path(sys.argv[1])
from zoo.hub import obtain
for _ in range(3):
    print(obtain("tiny", progress=lambda fraction, what: None).folder)
"""


@pytest.mark.slow
def test_two_processes_pull_the_same(hub: FakeHub, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PULL, str(tmp_path / "catalog-0.toml")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    folder = Path(answers[0][0].splitlines()[0])
    assert read_weights(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_mirror_serves_converted_checkpoints_of_entries_that_have_no_hub(
    hub: FakeHub, use_catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    write_checkpoint(made, {"final.2.bias": torch.arange(3.0)}, {"format": 1, "family": "huggan", **CONFIG})
    for name in ("model.safetensors", "config.json"):
        hub.add("someone/mirror", f"closed/{name}", (made / name).read_bytes())
    closed = entry("closed", source='"official"', official='"https://example.org/d"', preset='"x"')
    use_catalog('[zoo]\nmirror = ""\n' + closed)
    assert not availability(find("closed")).can_pull
    monkeypatch.setenv("SIMS_ZOO_REPO", "someone/mirror")
    assert availability(find("closed")).can_pull
    checkpoint = obtain("closed", progress=nothing)
    assert torch.equal(read_weights(checkpoint.folder)["final.2.bias"], torch.arange(3.0))
    assert checkpoint.revision == COMMIT


def test_mirror_without_the_entry_falls_back_to_its_own_repository(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("someone/mirror", "README.md", b"empty")
    monkeypatch.setenv("SIMS_ZOO_REPO", "someone/mirror")
    assert read_weights(obtain("tiny", progress=nothing).folder)


def test_entry_that_only_a_mirror_holds_says_so(cache: Path, use_catalog) -> None:
    use_catalog(entry("ours", source='"mirror"', repo='"someone/mirror"', files="[]"))
    assert "set SIMS_ZOO_REPO to the Hub repository (OWNER/NAME) that holds it" in availability(find("ours")).reason


def test_official_download_says_where_and_how_and_is_ready_once_converted(
    cache: Path, use_catalog, tmp_path: Path
) -> None:
    use_catalog(
        entry("closed", source='"official"', official='"https://example.org/d"', files='["g.pth"]', preset='"coco"')
    )
    with pytest.raises(ZooError, match=r"https://example.org/d.*python -m zoo convert huggan g.pth --preset coco"):
        obtain("closed", progress=nothing)
    write_checkpoint(local_folder("closed"), {"a": torch.zeros(1)}, {"format": 1, "family": "huggan", **CONFIG})
    assert availability(find("closed")).ready
    assert obtain("closed", progress=nothing).folder == local_folder("closed")


def test_entry_that_is_converted_in_another_way_now_is_converted_anew(hub: FakeHub, use_catalog) -> None:
    folder = obtain("tiny", progress=nothing).folder
    use_catalog(
        entry(config='{ in_channels = 3, out_channels = 3, base_width = 8, input = "image", size = [512, 512] }')
    )
    assert not availability(find("tiny")).ready
    assert read_config(obtain("tiny", progress=nothing).folder)["size"] == [512, 512]
    assert json.loads((folder / "origin.json").read_text())["config"]["size"] == [512, 512]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (b"{", r"config\.json is not JSON"),
        (b"[]", r"config\.json holds a list"),
        (b'{"format": 1, "family": "spade"}', r"config\.json says family 'spade', and the catalogue says 'huggan' of"),
        (
            json.dumps({"format": 1, "family": "huggan", **CONFIG, "label_space": "street"}).encode(),
            r"config\.json says label_space 'street', and the catalogue says None of",
        ),
        (b'{"format": 1, "family": "huggan"}', r"config\.json: the config of family huggan lacks 'in_channels'"),
    ],
)
def test_damaged_configuration_is_told_and_pulled_again(hub: FakeHub, config: bytes, expected: str) -> None:
    folder = obtain("tiny", progress=nothing).folder
    (folder / "config.json").write_bytes(config)
    state = availability(find("tiny"))
    assert (state.ready, state.can_pull) == (False, True)
    assert re.match(rf"^\$SIMS_CACHE/models/tiny/{expected}", state.reason)
    assert state.reason.endswith(f"; python -m zoo pull tiny gets it from {REPO}.")
    assert read_config(obtain("tiny", progress=nothing).folder)["family"] == "huggan"

    write_checkpoint(local_folder("tiny"), {"a": torch.zeros(1)}, {"format": 1})
    (local_folder("tiny") / "config.json").write_bytes(config)
    state = availability(find("tiny"))
    assert (state.ready, state.can_pull) == (False, False)
    assert re.match(rf"^\$SIMS_CACHE/local/tiny/{expected}", state.reason)


def test_changed_weights_are_told(hub: FakeHub) -> None:
    (obtain("tiny", progress=nothing).folder / "model.safetensors").write_bytes(b"damaged")
    assert availability(find("tiny")).reason.startswith("tiny is not as it was pulled")


def test_files_that_cannot_be_read_are_refused_with_the_reason(hub: FakeHub, use_catalog) -> None:
    use_catalog(entry(config="{}", unsupported='"It is in Keras\' format."'))
    state = availability(find("tiny"))
    assert (state.ready, state.can_pull) == (False, False)
    assert state.reason == "tiny is not readable here: It is in Keras' format."
    with pytest.raises(ZooError, match=r"^tiny is not readable here: It is in Keras' format\.$"):
        obtain("tiny", progress=nothing)
    assert hub.log == []


def test_checkpoint_at_a_folder_of_the_users_own(cache: Path, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine", {"a": torch.zeros(2)}, {"format": 1, "family": "huggan", **CONFIG})
    checkpoint = checkpoint_at(tmp_path / "mine")
    assert checkpoint.entry is None
    assert len(checkpoint.revision) == 64
    with pytest.raises(ZooError, match="is not a folder"):
        checkpoint_at(tmp_path / "elsewhere")


def test_cache_that_cannot_be_written(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("SIMS_CACHE", str(tmp_path / "a-file" / "cache"))
    with pytest.raises(
        ZooError, match=r"^The cache \(\$SIMS_CACHE\) cannot be written \(not a directory\); set SIMS_CACHE"
    ):
        obtain("tiny", progress=nothing)
