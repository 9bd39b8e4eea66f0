"""A layout, pictures made of it, and a small SIMS in place of one that would have to be downloaded."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from running_studio import Studio
from small_sims import scene

from sims.layout import Layout
from sims.ui import session
from sims.ui.samples import sample_layout, samples

sys.path.insert(0, str(Path(__file__).parents[1] / "zoo"))

SMALL = "sims-cityscapes-256"


@pytest.fixture(scope="module")
def client(studio: Studio) -> Iterator[Client]:
    """A program that talks to the running app."""
    client = Client(studio.url, verbose=False)
    yield client
    client.close()


@pytest.fixture(scope="module")
def layout() -> Layout:
    return sample_layout(next(iter(samples())))


@pytest.fixture(scope="module")
def finished(layout: Layout) -> session.Result:
    """A picture that pix2pix made of the layout, dropout on."""
    tasks = session.plan(["pix2pix-street"], layout, seed=7, options={"dropout": "on", "nothing": "else"})
    return list(session.run(tasks, threading.Event()))[-1][0]


@pytest.fixture(scope="module")
def small(tiny_sims: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name under which an untrained SIMS is at hand, whose memory knows no walls and trains."""
    cache = tmp_path_factory.mktemp("cache")
    shutil.copytree(tiny_sims, cache / "local" / SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMS_CACHE", str(cache))
        yield SMALL


@pytest.fixture(scope="module")
def walled() -> Layout:
    """A scene with a car, and with a wall, which that memory knows none of."""
    layout = scene()
    ids = layout.ids.copy()
    ids[120:150, :200] = layout.space.id_of("wall")
    return Layout(ids, layout.space)


@pytest.fixture(scope="module")
def remembered(small: str, walled: Layout) -> session.Result:
    """A picture that SIMS made of that scene."""
    return list(session.run(session.plan([small], walled, seed=3), threading.Event()))[-1][0]
