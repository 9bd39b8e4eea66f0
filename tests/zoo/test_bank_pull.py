"""A memory bank is published and pulled as a checkpoint is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_hub import FakeHub

from sims.memory.bank import Bank
from zoo import ZooError
from zoo.catalog import find
from zoo.hub import availability, obtain

SHIPPED = Path(__file__).parents[2] / "zoo" / "builtin" / "bank-street"
ENTRY = """
[entry.our-bank]
title = "Ours"
family = "bank"
task = "memory"
label_space = "street"
source = "mirror"
"""


def nothing(fraction: float, what: str) -> None:
    """Nobody watches."""


@pytest.fixture
def mirror(hub: FakeHub, use_catalog: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    for name in ("model.safetensors", "config.json"):
        hub.add("someone/mirror", f"our-bank/{name}", (SHIPPED / name).read_bytes())
    use_catalog(ENTRY)
    monkeypatch.setenv("SIMS_ZOO_REPO", "someone/mirror")
    return hub


def test_a_bank_is_pulled_from_a_mirror(mirror: FakeHub) -> None:
    assert availability(find("our-bank")).can_pull
    checkpoint = obtain("our-bank", progress=nothing)
    assert np.array_equal(Bank.open(checkpoint.folder).segments, Bank.open(SHIPPED).segments)
    assert availability(find("our-bank")).ready
    fetched = list(mirror.log)
    assert obtain("our-bank", progress=nothing, offline=True).folder == checkpoint.folder
    assert mirror.log == fetched


def test_a_bank_of_another_space_is_not_taken_for_it(mirror: FakeHub) -> None:
    config = json.loads((SHIPPED / "config.json").read_text())
    mirror.add("someone/mirror", "our-bank/config.json", json.dumps({**config, "label_space": "landscape"}).encode())
    with pytest.raises(ZooError, match="says label_space 'landscape', and the catalogue says 'street' of our-bank"):
        obtain("our-bank", progress=nothing)
