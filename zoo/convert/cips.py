"""CIPS: Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis", CVPR 2021.

The authors publish bare state dicts of averaged generators, and training checkpoints that hold one as `g_ema`. Two
classes were released, with a colour head behind every block (`skip`) and with residual blocks (`res`); the paper's
table has a third, a plain stack with one head (`plain`), fed by embeddings or by Fourier features alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from zoo.convert.config import Config, Field, Shapes, boolean, integer, number, one_of, optional, size
from zoo.convert.errors import ConvertError
from zoo.convert.match import only_file

if TYPE_CHECKING:
    import torch

SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)
WIDEST = 512
FIELDS: Mapping[str, Field] = {
    "kind": one_of("skip", "res", "plain"),
    "inputs": one_of("both", "embedding", "fourier", default="both"),
    "geometry": one_of("plane", "cylinder", default="plane"),
    "size": Field("one of " + ", ".join(map(str, SIZES)), lambda value: type(value) is int and value in SIZES),
    "embedding": optional(size()),  # [height, width] of the grid of embeddings; size x size unless given
    "native_size": optional(size()),  # of its pictures; size x size unless given
    "hidden": integer(1, 1024, default=512),  # channels of the Fourier features, and of the embeddings
    "style_dim": integer(1, 1024, default=512),
    "n_mlp": integer(1, 16, default=8),
    "lr_mlp": number(1e-4, 1, default=0.01),
    "activation": one_of("lrelu", "sin", "sinrelu", default="lrelu"),
    "channel_multiplier": integer(1, 4, default=2),
    "taper": boolean(default=True),  # fewer channels in the last blocks, as released; the paper's table has none
    "width": integer(1, WIDEST, default=WIDEST),  # the most channels of a layer; at its most, those of the authors
}
_TABLE: Config = {"kind": "plain", "size": 256, "taper": False}
PRESETS: Mapping[str, Config] = {
    "ffhq256": {"kind": "skip", "size": 256},
    "churches": {"kind": "skip", "size": 256},
    "ffhq1024": {"kind": "skip", "size": 256, "native_size": [1024, 1024]},
    "landscapes": {"kind": "res", "size": 256},
    # The supplement's table of sizes, of which no checkpoint was published.
    "default": {**_TABLE, "kind": "skip"},
    "base": {**_TABLE, "inputs": "embedding"},
    "ne": {**_TABLE, "inputs": "fourier"},
}
FOURIER = "lff.ffm.conv"
EMBEDDING = "emb.input"


def check(config: Config) -> None:
    """Raise `ConvertError` where two fields contradict each other."""
    if config["geometry"] == "cylinder" and config["inputs"] != "both":
        raise ConvertError(
            f"config field 'geometry' is 'cylinder' and 'inputs' is {config['inputs']!r}; a cylinder takes both."
        )


def blocks(config: Config) -> int:
    """How many blocks of two layers follow the first layer."""
    return int(config["size"]).bit_length() - 2


def widths(config: Config) -> list[int]:
    """Channels behind the first layer, then behind every block."""
    m = config["channel_multiplier"]
    released = [WIDEST] * 4 + [256 * m, 128 * m, 64 * m, 32 * m, 16 * m]
    if config["kind"] == "res":
        released[7:] = [64 * m, 32 * m]
    if not config["taper"]:
        released = [WIDEST] * len(released)
    most = config["width"] if config["width"] < WIDEST else max(released)
    return [min(channels, most) for channels in (WIDEST, *released[: blocks(config)])]


def input_channels(config: Config) -> int:
    """Channels of the positional input."""
    return int(config["hidden"]) * (2 if config["inputs"] == "both" else 1)


def embedding_size(config: Config) -> tuple[int, int]:
    """(height, width) of the grid of embeddings."""
    height, width = config["embedding"] or (config["size"], config["size"])
    return height, width


def native_size(config: Config) -> tuple[int, int]:
    """(height, width) of the pictures that it was made for."""
    height, width = config["native_size"] or (config["size"], config["size"])
    return height, width


def coordinates(config: Config) -> int:
    """Numbers that say where a point is: x and y, or cosine, sine and y."""
    return 3 if config["geometry"] == "cylinder" else 2


def layers(config: Config) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of every modulated layer, heads included, in the order of per-layer styles."""
    channels = widths(config)
    first, last = channels[0], channels[-1]
    found = [("linears.0" if config["kind"] == "res" else "conv1", input_channels(config), first)]
    for block, (before, after) in enumerate(pairwise(channels)):
        if config["kind"] == "res":
            found += [(f"linears.{block + 1}.conv1", before, after), (f"linears.{block + 1}.conv2", after, after)]
        else:
            found += [(f"linears.{2 * block}", before, after), (f"linears.{2 * block + 1}", after, after)]
        if config["kind"] == "skip":
            found.append((f"to_rgbs.{block}", after, 3))
    return found if config["kind"] == "skip" else [*found, ("to_rgb_last", last, 3)]


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    shapes: Shapes = {}
    hidden, style = config["hidden"], config["style_dim"]
    if config["inputs"] != "embedding":
        shapes |= {f"{FOURIER}.weight": (hidden, coordinates(config), 1, 1), f"{FOURIER}.bias": (hidden,)}
    if config["inputs"] != "fourier":
        shapes[EMBEDDING] = (1, hidden, *embedding_size(config))
    for index in range(1, config["n_mlp"] + 1):
        shapes |= {f"style.{index}.weight": (style, style), f"style.{index}.bias": (style,)}
    for name, before, after in layers(config):
        shapes |= {
            f"{name}.conv.weight": (1, after, before, 1, 1),
            f"{name}.conv.modulation.weight": (before, style),
            f"{name}.conv.modulation.bias": (before,),
        }
        if is_head(name):
            shapes[f"{name}.bias"] = (1, 3, 1, 1)
        else:
            lrelu = config["activation"] == "lrelu"
            shapes[f"{name}.noise.weight"] = (1,)
            shapes |= {f"{name}.activate.bias": (after,)} if lrelu else {f"{name}.bias": (1, after, 1, 1)}
        if config["kind"] == "res" and name.endswith(".conv1") and before != after:
            shapes[f"{name.removesuffix('.conv1')}.skip.0.weight"] = (after, before, 1, 1)
    return shapes


def is_head(name: str) -> bool:
    """Whether a modulated layer gives colours."""
    return name.startswith("to_rgb")


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """The generator's tensors as they are."""
    return only_file(states, "cips")


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """What names and shapes tell; nothing for a checkpoint that is not this network.

    A sine cannot be told from a mixture of it and the leaky rectifier, nor the size of the pictures from anything:
    their config has to say so.
    """
    shapes = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    kind = "skip" if "to_rgbs.0.bias" in shapes else "plain" if "conv1.conv.weight" in shapes else "res"
    first = "linears.0" if kind == "res" else "conv1"
    weight, mapping = shapes.get(f"{first}.conv.weight", ()), shapes.get("style.1.weight", ())
    fourier, embedding = shapes.get(f"{FOURIER}.weight", ()), shapes.get(EMBEDDING, ())
    if len(weight) != 5 or len(mapping) != 2 or 4 not in (len(fourier), len(embedding)):
        return {}
    hidden = embedding[1] if len(embedding) == 4 else fourier[0]
    both = (fourier and embedding) or weight[2] == 2 * hidden  # one of them may be lost
    found: Config = {
        "kind": kind,
        "inputs": "both" if both else "fourier" if fourier else "embedding",
        "geometry": "cylinder" if len(fourier) == 4 and fourier[1] == 3 else "plane",
        "hidden": hidden,
        "style_dim": mapping[0],
        "n_mlp": sum(re.fullmatch(r"style\.[1-9][0-9]?\.weight", name) is not None for name in shapes),
        "activation": "lrelu" if f"{first}.activate.bias" in shapes else "sin",
        "width": min(weight[1], WIDEST),
    }
    found |= _size_and_taper(shapes, found)
    if len(embedding) == 4 and embedding[2:] != (found.get("size"),) * 2:
        found["embedding"] = list(embedding[2:])
    return found


def _size_and_taper(shapes: Shapes, found: Config) -> Config:
    """What the number of blocks and their channels tell."""
    indices = [int(name.split(".")[1]) for name in shapes if re.match(r"linears\.[0-9]{1,2}\.", name)]
    last = max(indices, default=0)
    count = last if found["kind"] == "res" else (last + 1) // 2
    size = 2 ** (count + 1)
    if size not in SIZES:
        return {}
    names = [f"linears.{i + 1}.conv1" if found["kind"] == "res" else f"linears.{2 * i}" for i in range(count)]
    channels = [shapes.get(f"{name}.conv.weight", (1, 0))[1:2] for name in names]
    for taper, multiplier in ((True, 2), (True, 1), (True, 3), (True, 4), (False, 2)):
        told: Config = {"size": size, "taper": taper, "channel_multiplier": multiplier}
        if [(width,) for width in widths(found | told)[1:]] == channels:
            return told
    return {"size": size}
