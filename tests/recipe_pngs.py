"""PNGs with recipes taken apart and put together otherwise, for tests of what is refused."""

from __future__ import annotations

import json
import zlib

import pytest

from sims.provenance import RecipeError, read_recipe


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4])
        found.append((png[position + 4 : position + 8], png[position + 8 : position + 8 + length]))
        position += 12 + length
    return found


def rebuilt(png: bytes, key: str, text: bytes | None) -> bytes:
    """`png` with another text under `key`, or without it."""
    out = png[:8]
    for kind, data in chunks(png):
        if kind == b"tEXt" and data.split(b"\0")[0] == key.encode():
            if text is None:
                continue
            data = key.encode() + b"\0" + text
        out += chunk(kind, data)
    return out


def document_of(png: bytes) -> dict:
    texts = dict(data.split(b"\0", 1) for kind, data in chunks(png) if kind == b"tEXt")
    return json.loads(texts[b"sims-studio"])


def with_fields(png: bytes, **changes: object) -> bytes:
    return rebuilt(png, "sims-studio", json.dumps(document_of(png) | changes).encode())


def refusal(png: bytes) -> str:
    with pytest.raises(RecipeError) as caught:
        read_recipe(png)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence
