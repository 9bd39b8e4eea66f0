"""A zoo with its own catalogue, cache and Hub, so that no test touches the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from fake_hub import FakeHub, serve
from tiny_zoo import REPO, Reports, entry, pickled_weights

from zoo import download


@pytest.fixture(scope="session")
def weights() -> bytes:
    return pickled_weights()


@pytest.fixture
def use_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Call it with TOML text: from then on that is the catalogue."""

    def use(text: str) -> Path:
        path = tmp_path / f"catalog-{len(list(tmp_path.glob('catalog-*')))}.toml"
        path.write_text(text)
        monkeypatch.setattr(import_module("zoo.catalog"), "CATALOG", path)  # zoo.catalog is also a function
        return path

    return use


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, online, without a mirror or a token."""
    for name in ("SIMS_OFFLINE", "HF_HUB_OFFLINE", "SIMS_ZOO_REPO", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("SIMS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes, use_catalog: Callable[[str], Path]
) -> Iterator[FakeHub]:
    """A Hub with the repository of the one entry `tiny`, which is not pinned."""
    server = serve(tmp_path / "hub")
    server.add(REPO, "pytorch_model.bin", weights)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setattr(download, "_unreachable", {})
    use_catalog(entry())
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def reports() -> Reports:
    return Reports()
