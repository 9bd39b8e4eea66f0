"""A part of the page as an app of its own, for the browser tests of that part."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gradio as gr


@contextmanager
def launched(demo: gr.Blocks, css_paths: Sequence[Path] = ()) -> Iterator[str]:
    """The address at which the app answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    demo.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        run_history=False,
        ssr_mode=False,
        css_paths=list(css_paths),
    )
    yield f"http://127.0.0.1:{port}"
    demo.close()
