"""Small seeded checkpoints in the authors' layouts, for the tests of conversion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

KEYS = Path(__file__).with_name("keys")
State = dict[str, torch.Tensor]

SPADE: dict[str, Any] = {
    **{
        "ngf": 2,
        "label_nc": 3,
        "contain_dontcare_label": True,
        "no_instance": False,
        "num_upsampling_layers": "normal",
    },
    **{"crop_size": 32, "aspect_ratio": 1.0, "norm_G": "spectralspadesyncbatch3x3", "hidden": 4},
}
SPADE_VAE: dict[str, Any] = SPADE | {"crop_size": 256, "use_vae": True, "z_dim": 256, "encoder_ngf": 1}
UNET: dict[str, Any] = {
    **{"netG": "unet_256", "input_nc": 3, "output_nc": 3, "ngf": 2, "norm": "batch", "use_dropout": True},
    **{"input": "image", "label_space": None, "size": [256, 256]},
}
RESNET: dict[str, Any] = UNET | {"netG": "resnet_9blocks", "norm": "instance", "use_dropout": False}
MOBILE: dict[str, Any] = RESNET | {"netG": "mobile_resnet_9blocks", "use_dropout": True}
SUB_MOBILE: dict[str, Any] = MOBILE | {
    "netG": "sub_mobile_resnet_9blocks",
    "ngf": 3,
    "channels": [3, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 2, 1],
}
HUGGAN: dict[str, Any] = {
    **{"in_channels": 3, "out_channels": 3, "base_width": 2},
    **{"input": "image", "label_space": None, "size": [256, 256]},
}


def key_list(name: str) -> tuple[dict[str, Any], dict[str, dict[str, tuple[int, ...]]]]:
    """(options, network -> key -> shape) of a state dict of the authors' own code, batch counters left out."""
    recorded = json.loads((KEYS / f"{name}.json").read_text())
    state = {
        network: {key: tuple(shape) for key, shape in keys.items() if not key.endswith("num_batches_tracked")}
        for network, keys in recorded["state"].items()
    }
    return recorded["options"], state


def seeded(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> State:
    """Random tensors of these shapes; variances are positive."""
    generator = torch.Generator().manual_seed(seed)
    state = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    return {name: tensor.abs() + 0.5 if name.endswith("running_var") else tensor for name, tensor in state.items()}


def with_counters(state: State) -> State:
    """The state dict as PyTorch since 0.4.1 writes it: a counter of batches beside the running statistics."""
    norms = [name.removesuffix("running_mean") for name in state if name.endswith("running_mean")]
    return state | {f"{norm}num_batches_tracked": torch.tensor(7) for norm in norms}


def saved(path: Path, content: object, legacy: bool = False) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


class OldTensor:
    """Pickles as PyTorch 0.3 pickled tensors: rebuilt without their gradient flag and hooks."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        tensor = self.tensor
        storage = torch.storage.TypedStorage(wrap_storage=tensor.untyped_storage(), dtype=tensor.dtype, _internal=True)
        return torch._utils._rebuild_tensor, (storage, 0, tuple(tensor.shape), tensor.stride())
