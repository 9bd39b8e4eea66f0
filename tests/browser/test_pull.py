"""From the catalogue to a picture, in real Chromium: a checkpoint is pulled from a Hub, checked, converted and run."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect
from running_studio import Studio, serve

from zoo import find
from zoo.convert import expected_shapes

sys.path.insert(0, str(Path(__file__).parents[1] / "zoo"))
import fake_hub

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "pix2pix-cityscapes-compressed-mit"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fake_hub.FakeHub]:
    """A Hub that holds one file as its authors would have pickled it, with drawn weights."""
    entry = find(NAME)
    generator = torch.Generator().manual_seed(1)
    shapes = expected_shapes({"format": 1, "family": entry.family, **entry.config})
    file = io.BytesIO()
    torch.save({name: 0.05 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}, file)
    running = fake_hub.serve(tmp_path_factory.mktemp("hub"))
    running.add(entry.repo, entry.files[0], file.getvalue())
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def connected(hub: fake_hub.FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The app, with that Hub in reach and a cache of its own."""
    folder = tmp_path_factory.mktemp("connected")
    with serve(folder, HF_ENDPOINT=hub.url, SIMS_CACHE=str(folder / "cache")) as running:
        yield running


def test_a_pull_can_be_stopped(page: Page, connected: Studio, hub: fake_hub.FakeHub) -> None:
    page.goto(connected.url, wait_until="domcontentloaded")
    expect(page.get_by_role("button", name="More generators")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="More generators").click()
    row = page.locator(f'.catalogue-row[data-name="{NAME}"]')
    hub.seconds_to_answer = 2.0
    try:
        row.get_by_role("button", name="Pull").click()
        row.get_by_role("button", name="Stop").click()
        expect(row.get_by_role("button", name="Pull")).to_be_visible(timeout=60_000)
    finally:
        hub.seconds_to_answer = 0.0
    expect(row.locator(".catalogue-error")).to_have_count(0)
    expect(page.locator("#generators").get_by_role("checkbox", name=find(NAME).title)).to_have_count(0)


def test_a_pulled_generator_can_be_chosen_and_runs(page: Page, connected: Studio, hub: fake_hub.FakeHub) -> None:
    page.goto(connected.url, wait_until="domcontentloaded")
    expect(page.get_by_role("button", name="More generators")).to_be_visible(timeout=90_000)
    page.get_by_role("button", name="More generators").click()
    row = page.locator(f'.catalogue-row[data-name="{NAME}"]')
    expect(row).to_contain_text("not yet verified")
    hub.log.clear()
    row.get_by_role("button", name="Pull").click()
    chip = page.get_by_role("checkbox", name=find(NAME).title)
    expect(chip.first).to_be_checked(timeout=60_000)
    expect(row).to_have_count(0)
    assert len(hub.downloads()) == 1

    for title in ("SIMS, street", "CRN, street", "SPADE, street", "pix2pix, street"):
        page.locator("#generators").get_by_role("checkbox", name=title, exact=True).uncheck()
    page.get_by_role("button", name="Generate", exact=True).click()
    done = page.locator('#results .card[data-state="done"]')
    expect(done).to_have_count(1, timeout=60_000)
    expect(done.locator("h3")).to_have_text(find(NAME).title)
