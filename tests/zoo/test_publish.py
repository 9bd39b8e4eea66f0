"""Publishing: the card states licence and origin, and what was published can be pulled from there as a mirror."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from fake_hub import FakeHub
from tiny_zoo import CONFIG, REPO, entry

from zoo import ZooError, find
from zoo.__main__ import main
from zoo.files import read_config, read_weights, write_checkpoint
from zoo.hub import obtain
from zoo.publish import model_card

MIRROR = "someone/mirror"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(
        tmp_path / "tiny",
        {"final.2.bias": torch.arange(3.0)},
        {"format": 1, "family": "huggan", **CONFIG, "size": [512, 512]},
    )
    return tmp_path / "tiny"


def test_dry_run_prints_the_files_and_the_card_and_asks_no_one(
    hub: FakeHub, folder: Path, use_catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    use_catalog(entry(paper='"Someone, 2017, A paper"', licence_note='"as its page says"', trained_on='"maps"'))
    assert main(["publish", str(folder), "--repo", MIRROR, "--dry-run"]) == 0
    out = capsys.readouterr().out
    for name in ("model.safetensors", "config.json", "README.md"):
        assert f"{MIRROR}/tiny/{name}: " in out
    card = out[out.index("---\n") :]
    assert yaml.safe_load(card.split("---")[1])["license"] == "mit"
    for fact in (
        f"https://huggingface.co/{REPO}",
        "Someone, 2017, A paper",
        "MIT (as its page says)",
        "Trained on: maps",
    ):
        assert fact in card
    assert '"size": [' in card
    assert hub.log == []


def test_a_bank_is_published_as_what_it_is(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "bank-street", {}, {"format": 1, "family": "bank"})
    card = model_card(find("bank-street"), tmp_path / "bank-street", MIRROR)
    assert "- Holds: segments of pictures, in the label space street" in card
    assert "Works from" not in card


def test_licence_that_the_hub_has_no_name_for(hub: FakeHub, folder: Path, use_catalog, capsys) -> None:
    use_catalog(entry(licence='"Sleeping Cat: free"'))
    main(["publish", str(folder), "--repo", MIRROR, "--dry-run"])
    front = yaml.safe_load(capsys.readouterr().out.split("---")[1])
    assert (front["license"], front["license_name"]) == ("other", "Sleeping Cat: free")


def test_published_checkpoint_is_pulled_from_the_mirror(
    hub: FakeHub, folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert main(["publish", str(folder), "--repo", MIRROR]) == 0
    assert "/commit/" in capsys.readouterr().out.splitlines()[-1]
    assert hub.tokens[-1] == "Bearer hf_secret"
    published = {str(p.relative_to(hub.root)) for p in (hub.root / "models" / MIRROR).rglob("*") if p.is_file()}
    names = ("README.md", "tiny/README.md", "tiny/config.json", "tiny/model.safetensors")
    assert published == {f"models/{MIRROR}/{name}" for name in names}

    monkeypatch.setenv("SIMS_ZOO_REPO", MIRROR)
    pulled = obtain("tiny", progress=lambda fraction, what: None)
    assert torch.equal(read_weights(pulled.folder)["final.2.bias"], torch.arange(3.0))
    assert read_config(pulled.folder) == read_config(folder)


def test_front_page_of_a_repository_is_left_as_it_is(
    hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    front = hub.add(MIRROR, "README.md", b"mine")
    assert main(["publish", str(folder), "--repo", MIRROR]) == 0
    assert front.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("change", "arguments", "expected"),
    [
        ({}, ("nowhere", "--repo", MIRROR), "is not a folder"),
        ({}, ("tiny", "--repo", "no-owner"), "'no-owner' is not a Hub repository; give OWNER/NAME"),
        ({"licence": '""'}, ("tiny", "--repo", MIRROR), "The catalogue states no licence for tiny"),
        ({}, ("unknown", "--repo", MIRROR), "after its catalogue entry, which knows its licence and origin"),
    ],
)
def test_what_is_not_published(
    hub: FakeHub, folder: Path, use_catalog: Callable[[str], Path], capsys, monkeypatch, change, arguments, expected
) -> None:
    use_catalog(entry(**change))
    write_checkpoint(folder.parent / "unknown", {"a": torch.zeros(1)}, {"format": 1, "family": "huggan", **CONFIG})
    monkeypatch.chdir(folder.parent)
    assert main(["publish", *arguments]) == 2
    assert expected in capsys.readouterr().err
    assert hub.log == []


def test_refusals_of_the_hub(hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    arguments = ["publish", str(folder), "--repo", MIRROR]
    for status, expected in [
        (403, "(403); set HF_TOKEN to a token that may write there"),
        (500, "(500); try again later"),
    ]:
        hub.status = status
        assert main(arguments) == 2
        assert expected in capsys.readouterr().err
    hub.status = None
    monkeypatch.delenv("HF_TOKEN")
    hub.private = True
    assert main(arguments) == 2
    assert "(401); set HF_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("SIMS_OFFLINE", "1")
    hub.log.clear()
    assert main(arguments) == 2
    assert "offline" in capsys.readouterr().err
    assert hub.log == []


def test_unreachable_hub(hub: FakeHub, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ZooError, match="does not answer"):
        obtain(find("tiny").name, progress=lambda fraction, what: None)
    assert main(["publish", str(folder), "--repo", MIRROR]) == 2
    assert "did not answer" in capsys.readouterr().err
