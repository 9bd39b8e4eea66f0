"""The models of the studio, and what is done with them. `sims.load("spade-street")` gives a generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sims.load import load as load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    """`sims.load` is imported when it is first asked for: PyTorch takes seconds, and layouts need none of it."""
    if name != "load":
        raise AttributeError(f"module 'sims' has no attribute {name!r}")
    from importlib import import_module

    return import_module("sims.load").load
