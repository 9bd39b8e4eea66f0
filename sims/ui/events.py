"""How the page's events are run: settings that the tabs share, to be spread into Gradio's listeners."""

from __future__ import annotations

import threading
from html import escape
from typing import Any

import gradio as gr

# An event of the page itself: no endpoint for programs, and no veil over what it updates.
PAGE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# The same, answered at once, behind nobody. It still goes through Gradio's queue, which alone carries warnings.
INSTANT: dict[str, Any] = {**PAGE, "concurrency_limit": None}
# Everything that runs networks: one run at a time on this machine, over all sessions and endpoints.
ONE_AT_A_TIME: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "generation"}


def warn(error: Exception | str) -> None:
    """Show one sentence in a corner of the page, which is left as it is. Gradio would take markup in it for markup."""
    gr.Warning(escape(str(error), quote=False), title="Not possible")


def halt_run(stop: threading.Event | None) -> dict[str, Any]:
    """Stop the run at its next stage."""
    if stop is not None:
        stop.set()
    return gr.update(value="Stopping", interactive=False)
