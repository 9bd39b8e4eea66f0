"""Every network against measured outputs of its reference implementation, under seeded weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from sims.generator import placed, to_uint8
from sims.label_space import label_space
from sims.layout import Layout
from sims.norms import set_statistics
from sims.pix2pix import build_network
from sims.spade import SpadeConfig, SpadeNetwork, StyleEncoder, edge_ids, instance_edges
from sims.spade_layout import Pyramid
from zoo.convert.spade import fold

GOLDENS = Path(__file__).parents[1] / "goldens" / "spade_pix2pix"
sys.path.insert(0, str(GOLDENS))
from seeded_weights import torch_state_dict  # noqa: E402

TOLERANCE = 1e-4
HALF = 5e-4  # where the stored output is itself rounded to float16


def names(prefixes: tuple[str, ...]) -> list[Any]:
    """The cases whose name begins so, the full-size ones marked slow."""
    found = sorted(p.name for p in GOLDENS.iterdir() if p.name.startswith(prefixes) and p.name != "spade_preprocess")
    return [pytest.param(name, marks=pytest.mark.slow) if "_full" in name else name for name in found]


def case(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What was asked of the reference, and what it was given and gave."""
    return json.loads((GOLDENS / name / "case.json").read_text()), load_file(GOLDENS / name / "tensors.safetensors")


def compare(found: Tensor, tensors: dict[str, Tensor], stem: str) -> None:
    """Assert that `found` is the stored output, whole or at every fourth pixel, and rounded where only that is kept."""
    wanted = {
        stem: (found, TOLERANCE),
        f"{stem}_s4": (found[..., ::4, ::4], TOLERANCE),
        f"{stem}_f16": (found, HALF),
    }
    kept = [key for key in wanted if key in tensors]
    assert kept, f"no stored output for {stem}"
    for key in kept:
        ours, tolerance = wanted[key]
        difference = (ours - tensors[key].float()).abs()
        assert difference.max() <= tolerance, (
            f"{key}: max {difference.max():.2e}, mean {difference.mean():.2e}, "
            f"99.9% {difference.flatten().kthvalue(int(difference.numel() * 0.999)).values:.2e}"
        )


def spade_input(asked: dict[str, Any], tensors: dict[str, Tensor], config: SpadeConfig) -> Pyramid:
    labels = tensors["label"][:, 0].long()
    edges = None
    if not config.no_instance:
        edges = instance_edges(1000 * labels + tensors["instance_region"][:, 0].long())
        if "edges" in tensors:
            assert torch.equal(edges.byte(), tensors["edges"])
    return Pyramid(labels, edges, config.classes)


def spade_config(options: dict[str, Any]) -> SpadeConfig:
    return SpadeConfig(**{k: v for k, v in options.items() if k in SpadeConfig.__dataclass_fields__})


@pytest.mark.parametrize("prepared", [False, True], ids=["plain", "prepared"])
@pytest.mark.parametrize("name", names(("spade",)))
def test_spade(name: str, prepared: bool) -> None:
    """The plain network, as trained, and the one arranged for evaluation give the reference's pictures."""
    asked, tensors = case(name)
    config = spade_config(asked["options"])
    network = SpadeNetwork(config)
    network.load_state_dict(fold(torch_state_dict(asked["state"]["netG"])))
    network.eval()
    if prepared:
        placed(network, torch.device("cpu")).prepare()
    layout = spade_input(asked, tensors, config)
    with torch.inference_mode():
        if not config.use_vae:
            compare(network(layout), tensors, "image")
            return
        encoder = StyleEncoder(asked["options"]["ngf"]).eval()
        state = torch_state_dict({f"netE.{key}": spec for key, spec in asked["state"]["netE"].items()})
        encoder.load_state_dict(fold({key.removeprefix("netE."): value for key, value in state.items()}))
        mean, log_variance = encoder((tensors["style_u8"].float() / 255 - 0.5) / 0.5)
        compare(mean, tensors, "mu")
        compare(log_variance, tensors, "logvar")
        compare(network(layout, mean + tensors["eps"] * torch.exp(0.5 * log_variance)), tensors, "image")
        compare(network(layout, mean), tensors, "image_z_mu")


@pytest.mark.parametrize("name", names(("pix2pix", "cyclegan", "huggan")))
def test_translation(name: str) -> None:
    """U-Nets and residual generators, with running statistics and with those of the pictures at hand."""
    asked, tensors = case(name)
    family = "huggan" if asked["network"] == "GeneratorUNet" else "pix2pix"
    network = build_network({"family": family, **asked["options"]})
    network.load_state_dict(torch_state_dict(asked["state"]["netG"]))
    placed(network.eval(), torch.device("cpu"))
    set_statistics(network, "picture" if asked["mode"] == "train" else "running")
    with torch.inference_mode():
        compare(network((tensors["image_u8"].float() / 255 - 0.5) / 0.5), tensors, "output")


def test_training_mode_updates_running_statistics_as_the_reference_does() -> None:
    asked, tensors = case("pix2pix_unet256_small_train")
    network = build_network({"family": "pix2pix", **asked["options"]})
    network.load_state_dict(torch_state_dict(asked["state"]["netG"]))
    with torch.no_grad():
        network.train()((tensors["image_u8"].float() / 255 - 0.5) / 0.5)
    after = {key: value for key, value in tensors.items() if key.startswith("after.")}
    assert after
    for key, value in after.items():
        assert (network.state_dict()[key.removeprefix("after.")] - value).abs().max() <= 1e-6


def test_bytes_are_truncated_as_the_reference_writes_them() -> None:
    values = torch.tensor([-1.2, -1.0, -0.001, 0.0, 0.999, 1.0, 1.7])
    written = to_uint8(values.expand(1, 3, 1, 7))
    assert written[0, :, 0].tolist() == [0, 0, 127, 127, 254, 255, 255]
    assert to_uint8(values.view(1, 1, 1, 7)).shape == (1, 7, 3)
    assert written.dtype == np.uint8


@pytest.mark.parametrize(
    ("space", "size"), [("cocostuff", (256, 256)), ("ade20k", (256, 256)), ("cityscapes", (256, 512))]
)
def test_layouts_reach_the_network_as_in_the_reference(space: str, size: tuple[int, int]) -> None:
    """Resizing of files, the channel of every id and the instance edges."""
    stored = load_file(GOLDENS / "spade_preprocess" / "tensors.safetensors")
    stem = "coco" if space == "cocostuff" else space
    instances = stored.get(f"{stem}.raw_instance")
    layout = Layout(
        stored[f"{stem}.raw_label"].numpy(),
        label_space(space),
        None if instances is None else instances.numpy().astype(np.int32),
    ).resize(*size)
    assert np.array_equal(layout.space.channels_of(layout.ids), stored[f"{stem}.channel"].numpy())
    if instances is not None:
        edges = instance_edges(torch.from_numpy(edge_ids(layout))[None])
        assert torch.equal(edges[0, 0].byte(), stored[f"{stem}.edges"])
