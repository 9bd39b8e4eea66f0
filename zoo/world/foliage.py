"""Materials of leaves and bark, which streets and landscapes share. Colours are linear RGB."""

from __future__ import annotations

import bpy

from zoo.world.nodes import Colour, material

BARK = (0.12, 0.095, 0.075)


def leaf(name: str, dark: Colour, pale: Colour, through: float = 0.35) -> bpy.types.Material:
    """Leaves: diffuse and translucent (`through` 0..1), varied from `dark` to `pale` by tree, and by place."""
    result, n = material(name)
    c = n.mix(n.object_random(), dark, pale)
    c = n.mix(n.mul(n.noise(n.position(), 1.5, 3), 0.65), c, tuple(v * 0.45 for v in dark))
    n.output(
        n.new(
            "ShaderNodeMixShader",
            {
                0: through,
                1: n.new("ShaderNodeBsdfDiffuse", {"Color": c}),
                2: n.new("ShaderNodeBsdfTranslucent", {"Color": c}),
            },
        )
    )
    return result


def bark() -> bpy.types.Material:
    """Furrowed bark."""
    result, n = material("bark")
    furrow = n.noise(n.vector("MULTIPLY", n.local(), (9, 9, 1.6)), 1.0, 4, 0.6)
    n.surface(
        {
            "Base Color": n.mix(n.ramp(furrow, 0.35, 0.65), tuple(v * 0.35 for v in BARK), BARK),
            "Roughness": 0.95,
            "Specular IOR Level": 0.1,
        }
    )
    return result


def birch_bark() -> bpy.types.Material:
    """White bark with dark marks."""
    result, n = material("birchbark")
    marks = n.ramp(n.noise(n.vector("MULTIPLY", n.local(), (3, 3, 9)), 1.0, 3), 0.56, 0.62)
    n.surface({"Base Color": n.mix(marks, (0.58, 0.56, 0.52), (0.05, 0.045, 0.04)), "Roughness": 0.8})
    return result
