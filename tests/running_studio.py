"""The app as a person starts it, for the tests that talk to it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

APP = Path(__file__).parent.parent / "app.py"
START_SECONDS = 120
# Imported by every Python at its start: writes down each address that the process asks for.
AUDIT = """
import sys
def _note(event, args):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"):
        address = args[0] if event.startswith("socket.get") else args[1]
        with open({path!r}, "a") as file:
            print(event, address[0] if isinstance(address, tuple) else address, file=file)
sys.addaudithook(_note)
"""


@dataclass(frozen=True)
class Studio:
    """The running app: its address, its output, and every address its process looked up or called."""

    url: str
    output: Path
    lookups: Path


@contextmanager
def serve(folder: Path, **settings: str) -> Iterator[Studio]:
    """`python app.py` with its files in `folder`, and with a Hub that cannot be reached.

    `settings` are further variables of its environment; HF_ENDPOINT names a Hub that can.
    """
    output, lookups = folder / "output.txt", folder / "lookups.txt"
    lookups.touch()
    (folder / "sitecustomize.py").write_text(AUDIT.format(path=str(lookups)))
    port, nobody = free_port(), free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "HF_ENDPOINT": f"http://127.0.0.1:{nobody}",
        **settings,
    }
    command = [sys.executable, str(APP), "--port", str(port)]
    with output.open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until_served(f"http://127.0.0.1:{port}", process, output)
        yield Studio(f"http://127.0.0.1:{port}", output, lookups)
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_until_served(url: str, process: subprocess.Popen, output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, output.read_text()
        try:
            with urlopen(f"{url}/config", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"The app did not answer in {START_SECONDS} s:\n{output.read_text()}")
