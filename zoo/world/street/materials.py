"""Materials of the street scene. Colours are linear RGB."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from zoo.world.labels import street
from zoo.world.nodes import Colour, Materials, Value, material, plain

PAINTS = {
    "white": ((0.74, 0.74, 0.73), 0.25),
    "silver": ((0.50, 0.51, 0.52), 0.17),
    "grey": ((0.16, 0.17, 0.18), 0.21),
    "black": ((0.022, 0.022, 0.024), 0.20),
    "blue": ((0.03, 0.07, 0.22), 0.07),
    "red": ((0.34, 0.018, 0.015), 0.05),
    "green": ((0.03, 0.09, 0.06), 0.02),
    "beige": ((0.42, 0.36, 0.27), 0.02),
    "orange": ((0.5, 0.17, 0.03), 0.01),
}


def car_materials(night: float) -> Materials:
    """Everything on a vehicle but its paint; `night` 0..1 lights the lamps."""
    glass, n = material("carglass")
    clear = n.new("ShaderNodeBsdfTransparent", {"Color": (0.20, 0.225, 0.22)})
    gloss = n.new("ShaderNodeBsdfGlossy", {"Color": (0.62, 0.64, 0.66), "Roughness": 0.03})
    n.output(n.new("ShaderNodeMixShader", {0: n.new("ShaderNodeFresnel", {"IOR": 1.45}), 1: clear, 2: gloss}))
    return {
        "glass": glass,
        "dark": plain("cardark", (0.015, 0.015, 0.016), 0.55),
        "tyre": plain("tyre", (0.02, 0.02, 0.02), 0.85),
        "rim": plain("rim", (0.42, 0.43, 0.44), 0.32, 0.85),
        "seat": plain("seat", (0.035, 0.034, 0.034), 0.8),
        "headlight": plain("headlight", (0.72, 0.74, 0.78), 0.08, 0.2, coat=1.0, glow=((1, 0.94, 0.82), 8 * night)),
        "taillight": plain(
            "taillight", (0.42, 0.008, 0.01), 0.12, coat=1.0, glow=((1, 0.02, 0.01), 2.5 * night + 0.03)
        ),
        "plate": plain("plate", (0.78, 0.77, 0.70), 0.6),
        "sign": plain("busign", (0.4, 0.2, 0.02), 0.6, glow=((1.0, 0.5, 0.05), 0.6)),
        "frame": plain("bikeframe", (0.05, 0.06, 0.07), 0.3, 0.3, coat=1.0),
    }


def paints() -> tuple[list[bpy.types.Material], np.ndarray]:
    """Car paints, and the share of each on real streets."""
    made = [plain(f"paint_{k}", c, 0.36, 0.25, coat=1.0) for k, (c, _) in PAINTS.items()]
    share = np.array([p for _, p in PAINTS.values()])
    return made, share / share.sum()


def window_glass(name: str, tint: Colour, night: float, cell: Sequence[float], curtains: float) -> bpy.types.Material:
    """A dark reflecting pane; lit rooms at night, pale curtains behind some windows."""
    result, n = material(name)
    p = n.position()
    cells = n.new("ShaderNodeTexWhiteNoise", {"Vector": n.vector("FLOOR", n.vector("MULTIPLY", p, cell))})
    room = n.mix(n.ramp(n.noise(p, 0.7, 2), 0.4, 0.6), tint, tuple(3 * c for c in tint))
    room = n.mix(n.mul(n.ramp(cells, 1 - curtains, 1.02 - curtains), 0.75), room, (0.34, 0.32, 0.28))
    wobble = n.bump(n.noise(p, 0.8, 2), 0.06, 0.4)
    n.surface(
        {
            "Base Color": room,
            "Roughness": 0.05,
            "Specular IOR Level": 0.9,
            "Normal": wobble,
            "Emission Color": (1.0, 0.70, 0.38),
            "Emission Strength": n.mul(n.ramp(cells, 0.5, 0.55), night),
        }
    )
    return result


def shop_glass(night: float) -> bpy.types.Material:
    """A pane with coloured goods and lamps behind it."""
    result, n = material("shopglass")
    p = n.position()
    goods = n.raw("ShaderNodeTexVoronoi", {"Vector": n.vector("MULTIPLY", p, (2.6, 2.6, 3.1)), "Scale": 1.0}).outputs[
        "Color"
    ]
    goods = n.mix(0.90, goods, (0.42, 0.36, 0.28))
    shelf = n.ramp(n.noise(p, 0.5, 2), 0.35, 0.65)
    room = n.mix(n.mul(shelf, 0.6), (0.035, 0.033, 0.03), n.vector("MULTIPLY", goods, goods))
    n.surface(
        {
            "Base Color": room,
            "Roughness": 0.05,
            "Specular IOR Level": 0.8,
            "Normal": n.bump(n.noise(p, 0.6, 2), 0.05, 0.4),
            "Emission Color": n.mix(0.5, room, (0.9, 0.66, 0.4)),
            "Emission Strength": n.mul(shelf, 1.6 * night + 0.16),
        }
    )
    return result


def brick(name: str, c1: Colour, c2: Colour, mortar: Colour) -> bpy.types.Material:
    """Bricks of 24 x 8 cm with stains."""
    result, n = material(name)
    across = n.split(n.raw("ShaderNodeNewGeometry").outputs["Normal"])
    side = n.math("GREATER_THAN", n.math("ABSOLUTE", across[0]), 0.7)
    x, y, z = n.split(n.local())[:3]
    u = n.add(n.mul(x, n.sub(1.0, side)), n.mul(y, side))
    wall = n.new(
        "ShaderNodeTexBrick",
        {
            "Vector": n.join(u, z, 0.0),
            "Color1": c1,
            "Color2": c2,
            "Mortar": mortar,
            "Scale": 1.0,
            "Brick Width": 0.24,
            "Row Height": 0.08,
            "Mortar Size": 0.008,
        },
    )
    stain = n.mul(n.ramp(n.noise(n.position(), 0.35, 5), 0.4, 0.75), 0.5)
    n.surface(
        {"Base Color": n.mix(stain, wall, tuple(c * 0.5 for c in c1)), "Roughness": 0.9, "Specular IOR Level": 0.2}
    )
    return result


def plaster(name: str, colour: Colour) -> bpy.types.Material:
    """Render with rain streaks, soot near the ground and patches."""
    result, n = material(name)
    p = n.position()
    streak = n.noise(n.vector("MULTIPLY", p, (1.6, 1.6, 0.12)), 1.0, 5, 0.6)
    c = n.mix(n.mul(n.ramp(streak, 0.42, 0.75), 0.45), colour, tuple(v * 0.42 for v in colour))
    low = n.mul(n.ramp(n.split(p)[2], 2.4, 0.0), n.mul(n.noise(p, 1.5, 4), 0.7))
    c = n.mix(low, c, tuple(v * 0.35 for v in colour))
    c = n.mix(n.mul(n.noise(p, 12, 3), 0.18), c, tuple(v * 0.6 for v in colour))
    n.surface({"Base Color": c, "Roughness": 0.9, "Specular IOR Level": 0.2})
    return result


def tiles(name: str, colour: Colour) -> bpy.types.Material:
    """Roof tiles in rows."""
    result, n = material(name)
    p = n.local()
    rows = n.new(
        "ShaderNodeTexWave",
        {"Vector": p, "Scale": 2.2, "Distortion": 0.6},
        {"wave_type": "BANDS", "bands_direction": "Z"},
    )
    c = n.mix(n.mul(rows, 0.5), colour, tuple(v * 0.5 for v in colour))
    c = n.mix(n.mul(n.noise(p, 1.2, 5), 0.6), c, tuple(v * 0.4 + 0.01 for v in colour))
    n.surface({"Base Color": c, "Roughness": 0.85, "Specular IOR Level": 0.2})
    return result


def asphalt(wet: bool, tone: float) -> bpy.types.Material:
    """Worn asphalt with wheel tracks, patches, cracks, and puddles when wet."""
    result, n = material("asphalt")
    p = n.position()
    track = n.noise(n.vector("MULTIPLY", p, (0.03, 1.1, 1)), 1.0, 4, 0.55)
    c = n.mix(
        n.ramp(track, 0.3, 0.7),
        (0.060 * tone, 0.060 * tone, 0.062 * tone),
        (0.125 * tone, 0.122 * tone, 0.117 * tone),
    )
    c = n.mix(n.ramp(n.noise(p, 0.22, 4), 0.60, 0.63), c, (0.050 * tone, 0.050 * tone, 0.052 * tone))
    crack = n.raw(
        "ShaderNodeTexVoronoi",
        {
            "Vector": n.vector(
                "ADD",
                p,
                n.scale(n.raw("ShaderNodeTexNoise", {"Vector": p, "Scale": 1.3, "Detail": 4}).outputs["Color"], 0.9),
            ),
            "Scale": 0.22,
        },
        {"feature": "DISTANCE_TO_EDGE"},
    ).outputs["Distance"]
    worn = n.ramp(n.noise(p, 0.09, 3), 0.48, 0.6)
    c = n.mix(n.mul(n.mul(n.ramp(crack, 0.012, 0.004), worn), 0.8), c, (0.025, 0.025, 0.025))
    c = n.mix(n.mul(n.noise(p, 60, 2), 0.5), c, (0.15 * tone, 0.15 * tone, 0.15 * tone))
    rough: Value = 0.85
    if wet:
        c = n.mix(0.5, c, (0.02, 0.02, 0.022))
        rough = n.sub(0.85, n.mul(n.ramp(n.noise(p, 0.35, 4), 0.42, 0.6), 0.77))
    n.surface(
        {
            "Base Color": c,
            "Roughness": rough,
            "Specular IOR Level": 0.5 if wet else 0.25,
            "Normal": n.bump(n.noise(p, 40, 3), 0.05 if wet else 0.15, 0.02),
        }
    )
    return result


def paving(rng: np.random.Generator, wet: bool) -> bpy.types.Material:
    """Slabs with joints and stains."""
    result, n = material("paving")
    p = n.position()
    c = [(0.36, 0.34, 0.32), (0.42, 0.38, 0.32), (0.30, 0.30, 0.31), (0.33, 0.26, 0.22)][rng.integers(4)]
    wide, row = [(0.9, 0.6), (0.5, 0.5), (0.22, 0.11), (0.6, 0.3)][rng.integers(4)]
    slabs = n.new(
        "ShaderNodeTexBrick",
        {
            "Vector": n.vector("MULTIPLY", p, (1, 1, 0)),
            "Color1": c,
            "Color2": tuple(v * 0.80 for v in c),
            "Mortar": (0.14, 0.13, 0.12),
            "Scale": 1.0,
            "Brick Width": wide,
            "Row Height": row,
            "Mortar Size": 0.010,
        },
    )
    stain = n.add(n.mul(n.noise(p, 0.8, 5), 0.45), n.mul(n.ramp(n.noise(p, 5, 2), 0.68, 0.72), 0.4))
    n.surface(
        {
            "Base Color": n.mix(stain, slabs, tuple(v * (0.3 if wet else 0.45) for v in c)),
            "Roughness": 0.45 if wet else 0.85,
            "Specular IOR Level": 0.25,
        }
    )
    return result


def lawn(season: str) -> bpy.types.Material:
    """Grass of verges and gardens."""
    pale = {
        "summer": (0.13, 0.175, 0.06),
        "spring": (0.13, 0.20, 0.055),
        "autumn": (0.20, 0.19, 0.06),
        "winter": (0.17, 0.17, 0.09),
    }
    result, n = material("lawn")
    p = n.position()
    c = n.mix(n.ramp(n.noise(p, 0.5, 5), 0.3, 0.7), tuple(v * 0.6 for v in pale[season]), pale[season])
    c = n.mix(n.mul(n.ramp(n.noise(p, 14, 4), 0.4, 0.7), 0.5), c, tuple(v * 0.4 for v in pale[season]))
    c = n.mix(n.mul(n.ramp(n.noise(p, 0.9, 4), 0.62, 0.7), 0.6), c, (0.19, 0.145, 0.09))
    n.surface(
        {"Base Color": c, "Roughness": 0.95, "Specular IOR Level": 0.1, "Normal": n.bump(n.noise(p, 18, 4), 0.8, 0.1)}
    )
    return result


def furniture() -> Materials:
    """Poles, signs, lights, fences; parts carry their own class."""
    pole, light, sign = street("pole"), street("traffic light"), street("traffic sign")
    made = {
        "pole": plain("pole", (0.13, 0.135, 0.135), 0.45, 0.5, label=pole),
        "lamp": plain("lamp", (0.5, 0.5, 0.48), 0.3, label=pole),
        "red": plain("signred", (0.55, 0.02, 0.02), 0.4, label=sign),
        "white": plain("signwhite", (0.78, 0.78, 0.78), 0.4, label=sign),
        "blue": plain("signblue", (0.02, 0.09, 0.42), 0.4, label=sign),
        "yellow": plain("signyellow", (0.75, 0.48, 0.03), 0.4, label=sign),
        "back": plain("signdark", (0.06, 0.06, 0.065), 0.5, label=sign),
        "housing": plain("lights", (0.02, 0.022, 0.02), 0.5, label=light),
        "iron": plain("iron", (0.035, 0.037, 0.04), 0.5, 0.4),
        "wood": plain("wood", (0.26, 0.17, 0.10), 0.85, vary=0.7, scale=3),
        "steel": plain("steel", (0.45, 0.46, 0.47), 0.4, 0.8),
        "coping": plain("coping", (0.40, 0.38, 0.35), 0.85, vary=0.5),
        "pane": plain("pane", (0.10, 0.13, 0.14), 0.05, specular=0.9),
        "poster": plain("poster", (0.55, 0.30, 0.12), 0.5, vary=0.6, scale=1.2),
    }
    for i, colour in enumerate([(1, 0.03, 0.02), (1, 0.5, 0.02), (0.02, 1, 0.3)]):
        made[f"light{i}"] = plain(f"light{i}", colour, 0.4, label=light, glow=(colour, 3.0))
        made[f"dim{i}"] = plain(f"dim{i}", tuple(0.06 * c for c in colour), 0.3, label=light)
    return made
