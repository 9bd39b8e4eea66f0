"""A TensorFlow checkpoint as a state dict: PyTorch's layout of kernels, "." for "/" in names, no optimizer."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch

from zoo.convert.errors import ConvertError
from zoo.convert.tf_checkpoint import Bundle

OPTIMIZER = r".*/Adam(_\d+)?|beta[12]_power(_\d+)?"  # the moments of Adam, and the powers of its decays
# Kernels are (height, width, in, out) there and (out, in, height, width) here, matrices (in, out) and (out, in).
LAYOUTS = {4: (3, 2, 0, 1), 2: (1, 0)}


def read_state(prefix: Path) -> dict[str, torch.Tensor]:
    """Every variable of the checkpoint but the optimizer's, by name. Raises `ConvertError`."""
    bundle = Bundle(prefix)
    state: dict[str, torch.Tensor] = {}
    for name in bundle.variables:
        if re.fullmatch(OPTIMIZER, name):
            continue
        renamed = name.replace("/", ".")
        if renamed in state:
            raise ConvertError(f"{prefix} holds two variables that would both be called {renamed}.")
        value = bundle.read(name)
        axes = LAYOUTS.get(value.ndim, tuple(range(value.ndim)))
        state[renamed] = torch.from_numpy(np.array(value.transpose(axes), order="C"))
    if not state:
        raise ConvertError(f"{prefix} holds no variables.")
    return state
