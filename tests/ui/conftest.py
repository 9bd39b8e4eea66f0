"""A layout, and a picture made of it."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from sims.layout import Layout
from sims.ui import session
from sims.ui.samples import sample_layout, samples

sys.path.insert(0, str(Path(__file__).parents[1] / "zoo"))


@pytest.fixture(scope="module")
def layout() -> Layout:
    return sample_layout(next(iter(samples())))


@pytest.fixture(scope="module")
def finished(layout: Layout) -> session.Result:
    """A picture that pix2pix made of the layout, dropout on."""
    tasks = session.plan(["pix2pix-street"], layout, seed=7, options={"dropout": "on", "nothing": "else"})
    return list(session.run(tasks, threading.Event()))[-1][0]
