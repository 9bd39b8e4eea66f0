"""The methods by which styles and textures are made, as people call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """The family of the models that carry a method out, and the name of the built-in one."""

    family: str
    built_in: str


_GATYS = Method("vgg", "segmenter-world")
STYLISTS: Mapping[str, Method] = {"pis": Method("photo_wct", "photo-wct-world"), "gatys": _GATYS}
TEXTURES: Mapping[str, Method] = {"steerable": Method("steerable", "steerable"), "gatys": _GATYS}
PIS: Mapping[str, Method] = {"pis": STYLISTS["pis"]}
