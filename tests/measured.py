"""Measured outputs of the reference implementations, as they lie in goldens/: cases, and the rule of their weights."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

GOLDENS = Path(__file__).parent / "goldens"


class Goldens:
    """Those of one set of references."""

    def __init__(self, name: str):
        self.folder = GOLDENS / name
        self.rule = _module(f"{name}_seeded_weights", self.folder / "seeded_weights.py")

    def case(self, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """What was asked of the reference, and what it was given and gave."""
        folder = self.folder / name
        return json.loads((folder / "case.json").read_text()), load_file(folder / "tensors.safetensors")


def _module(name: str, path: Path) -> ModuleType:
    """The rule of the weights; every set has one of the same file name."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
