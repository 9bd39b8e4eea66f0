"""The address of the Hub. It is checked before `huggingface_hub` is imported, which fails on some that are none."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from zoo.errors import ZooError

PUBLIC_HUB = "https://huggingface.co"


def endpoint() -> str:
    """The Hub's address: `HF_ENDPOINT`, or the public one. Raises `ZooError` if that is no address."""
    address = os.environ.get("HF_ENDPOINT") or PUBLIC_HUB
    try:
        url = urlsplit(address)
        is_address = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # of a bracket that is not closed, or of a port that is no number
        is_address = False
    if not is_address or re.search(r"\s", address):
        raise ZooError(f"HF_ENDPOINT is {address[:80]!r}; set it to the address of a server, such as {PUBLIC_HUB}.")
    return address.rstrip("/")
