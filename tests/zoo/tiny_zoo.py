"""A catalogue entry and its weights, small enough for tests."""

from __future__ import annotations

import hashlib
import io

import torch

from zoo.convert import expected_shapes

CONFIG = {"in_channels": 3, "out_channels": 3, "base_width": 8, "input": "image", "size": [256, 256]}
CONFIG_TOML = '{ in_channels = 3, out_channels = 3, base_width = 8, input = "image", size = [256, 256] }'
REPO = "someone/pix2pix-tiny"


def pickled_weights(seed: int = 0) -> bytes:
    """The authors' kind of file for CONFIG: a zip pickle of a bare state dict, about 3.4 MB."""
    generator = torch.Generator().manual_seed(seed)
    shapes = expected_shapes({"format": 1, "family": "huggan", **CONFIG})
    file = io.BytesIO()
    torch.save({name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}, file)
    return file.getvalue()


def entry(name: str = "tiny", **fields: str) -> str:
    """TOML of one Hub entry; `fields` are TOML values that overrule or add to it."""
    values = {
        "title": '"A tiny translator"',
        "family": '"huggan"',
        "task": '"image"',
        "source": '"hub"',
        "repo": f'"{REPO}"',
        "files": '["pytorch_model.bin"]',
        "config": CONFIG_TOML,
        "licence": '"MIT"',
        **fields,
    }
    return f"[entry.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())


def pinned(content: bytes) -> dict[str, str]:
    """The fields that pin `content` as the file of an entry."""
    digest = hashlib.sha256(content).hexdigest()
    return {
        "revision": '"c0ffee0000000000000000000000000000000000"',
        "sha256": f'["{digest}"]',
        "size_bytes": f"[{len(content)}]",
    }


class Reports(list[tuple[float, str]]):
    """A progress callback that keeps what it is told."""

    def __call__(self, fraction: float, what: str) -> None:
        self.append((fraction, what))
