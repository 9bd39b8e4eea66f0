"""Ground, water, rock and plant materials of landscapes. Colours are linear RGB."""

from __future__ import annotations

import bpy
import numpy as np

from zoo.world.nodes import Colour, Nodes, Socket, material, plain

GRASS = {
    "summer": ((0.12, 0.165, 0.05), (0.20, 0.22, 0.08), (0.30, 0.275, 0.13)),
    "autumn": ((0.22, 0.20, 0.05), (0.33, 0.22, 0.06), (0.38, 0.27, 0.10)),
    "dry": ((0.33, 0.27, 0.11), (0.42, 0.34, 0.16), (0.28, 0.25, 0.10)),
    "spring": ((0.11, 0.18, 0.05), (0.18, 0.235, 0.075), (0.28, 0.29, 0.12)),
}
BLADES = {
    "summer": ((0.10, 0.19, 0.03), (0.24, 0.30, 0.07)),
    "autumn": ((0.26, 0.20, 0.05), (0.42, 0.30, 0.09)),
    "dry": ((0.40, 0.32, 0.13), (0.52, 0.43, 0.20)),
    "spring": ((0.11, 0.21, 0.045), (0.22, 0.30, 0.085)),
}
ROCKS = [
    ((0.17, 0.155, 0.14), (0.31, 0.28, 0.245)),
    ((0.14, 0.14, 0.145), (0.29, 0.29, 0.29)),
    ((0.22, 0.16, 0.12), (0.38, 0.29, 0.22)),
    ((0.12, 0.115, 0.11), (0.24, 0.225, 0.20)),
]
RED_ROCK = ((0.30, 0.13, 0.07), (0.46, 0.24, 0.14))
SAND = {"pale": ((0.52, 0.43, 0.29), (0.66, 0.56, 0.40)), "desert": ((0.50, 0.30, 0.15), (0.63, 0.42, 0.24))}


def rock_colour(n: Nodes, p: Socket, tones: tuple[Colour, Colour], moss: Colour) -> Socket:
    """Strata, joints, dark cracks, pale scree and lichen on three scales."""
    x, y, z = n.split(p)[:3]
    warp = n.mul(n.noise(p, 0.004, 4, 0.6), 60.0)
    height = n.add(z, warp)
    strata = n.noise(n.join(n.mul(x, 0.004), n.mul(y, 0.004), n.mul(height, 0.10)), 1.0, 6, 0.65)
    c = n.mix(n.ramp(strata, 0.36, 0.62), tones[0], tones[1])
    wide = n.noise(p, 0.008, 5, 0.6)
    c = n.mix(n.mul(n.ramp(wide, 0.40, 0.68), 0.55), c, tuple(v * 1.25 for v in tones[1]))
    c = n.mix(n.mul(n.ramp(n.noise(p, 0.06, 6, 0.68), 0.46, 0.66), 0.75), c, tuple(v * 0.5 for v in tones[0]))
    c = n.mix(n.ramp(n.noise(p, 0.6, 5, 0.65), 0.50, 0.72), c, tuple(v * 0.6 for v in tones[0]))
    return n.mix(n.mul(n.ramp(n.noise(p, 0.03, 6, 0.6), 0.54, 0.66), 0.55), c, moss)


def terrain(season: str, desert: bool, rng: np.random.Generator) -> bpy.types.Material:
    """Grass, rock, sand, path and snow, blended by the vertex weights W1 (snow, rock, sand) and W2 (path, forest).

    The extra channel A1 shows snow, rock and sand as they are drawn, A2.r the path.
    """
    result, n = material("terrain")
    p = n.position()
    a = n.vertex_colour("W1")
    b = n.vertex_colour("W2")
    coarse = n.sub(n.noise(p, 0.12, 6, 0.6), 0.5)
    fine = n.sub(n.noise(p, 1.7, 6, 0.6), 0.5)
    huge = n.sub(n.noise(p, 0.015, 6, 0.62), 0.5)

    def edge(weight: Socket, rough: float) -> Socket:
        """A ragged border where the weight passes one half."""
        mixed = n.add(n.add(coarse, n.mul(fine, 0.6)), n.mul(huge, 0.9))
        return n.ramp(n.add(weight, n.mul(mixed, rough)), 0.42, 0.58)

    snow, rock, sand, path = edge(a[0], 0.6), edge(a[1], 0.9), edge(a[2], 0.5), edge(b[0], 0.35)
    g = GRASS[season]
    grass = n.mix(n.ramp(n.noise(p, 0.012, 5, 0.55), 0.35, 0.65), g[0], g[1])
    grass = n.mix(n.ramp(n.noise(p, 0.35, 5, 0.62), 0.45, 0.75), grass, g[2])
    grass = n.mix(n.mul(n.ramp(n.noise(p, 9, 4), 0.4, 0.7), 0.35), grass, (0.05, 0.07, 0.02))
    grass = n.mix(b[1], grass, (0.035, 0.055, 0.018))
    tones = RED_ROCK if desert else ROCKS[rng.integers(len(ROCKS))]
    stone = rock_colour(n, p, tones, tuple(v * (0.9 if desert else 0.75) for v in g[1]))
    pale = SAND["desert" if desert else "pale"]
    beach = n.mix(n.noise(p, 2.0, 5), pale[0], pale[1])
    if desert:
        beach = n.mix(n.mul(n.ramp(n.noise(p, 0.02, 4), 0.45, 0.7), 0.5), beach, tuple(v * 0.72 for v in pale[0]))
    dirt = n.mix(n.noise(p, 3.0, 6), (0.22, 0.155, 0.095), (0.38, 0.30, 0.21))
    c = n.mix(rock, grass, stone)
    c = n.mix(sand, c, beach)
    c = n.mix(path, c, dirt)
    c = n.mix(snow, c, n.mix(n.ramp(n.noise(p, 0.05, 5), 0.4, 0.7), (0.84, 0.87, 0.92), (0.74, 0.78, 0.86)))
    crag = n.mul(n.mul(n.noise(p, 0.02, 8, 0.66), 16.0), rock)
    bumps = n.add(n.mul(n.noise(p, 0.25, 6, 0.62), 1.2), n.mul(n.noise(p, 4, 4, 0.65), 0.12))
    bumps = n.mul(bumps, n.mul(n.sub(1.0, n.mul(snow, 0.75)), n.sub(1.0, n.mul(sand, 0.88))))
    height = n.add(bumps, n.mul(crag, n.sub(1.0, n.mul(snow, 0.6))))
    n.surface(
        {
            "Base Color": c,
            "Roughness": n.sub(1.0, n.mul(snow, 0.4)),
            "Specular IOR Level": n.add(0.05, n.mul(snow, 0.2)),
            "Normal": n.bump(height, 0.75, 1.2),
        }
    )
    n.aov("A1", n.join(snow, rock, sand))
    n.aov("A2", n.join(path, 0.0, 0.0))
    return result


def water(rng: np.random.Generator, calm: float) -> bpy.types.Material:
    """Fresnel water with depth colour from the vertex weight D; `calm` 0..1 flattens the waves."""
    result, n = material("water")
    p = n.position()
    depth = n.vertex_colour("D")[0]
    stretched = n.vector("MULTIPLY", p, (1, 0.55, 1))
    waves = n.add(n.noise(stretched, 0.9, 5, 0.5), n.mul(n.noise(stretched, 0.12, 3), 1.6 if calm < 0.5 else 0.2))
    normal = n.bump(waves, 0.18 + 0.45 * (1 - calm), 0.22)
    deep = [(0.010, 0.045, 0.075), (0.012, 0.055, 0.060), (0.006, 0.028, 0.055)][rng.integers(3)]
    c = n.mix(n.ramp(depth, 0.02, 0.7), (0.07, 0.17, 0.15), deep)
    c = n.mix(n.ramp(depth, 0.0, 0.10), (0.36, 0.33, 0.23), c)
    gloss = n.new(
        "ShaderNodeBsdfGlossy", {"Color": (0.95, 0.97, 1), "Roughness": 0.03 + 0.08 * (1 - calm), "Normal": normal}
    )
    n.output(
        n.new(
            "ShaderNodeMixShader",
            {
                0: n.new("ShaderNodeFresnel", {"IOR": 1.34, "Normal": normal}),
                1: n.new("ShaderNodeBsdfDiffuse", {"Color": c}),
                2: gloss,
            },
        )
    )
    return result


def boulder(tone: Colour) -> bpy.types.Material:
    """Stone of loose rocks with lichen."""
    result, n = material("boulder")
    p = n.local()
    c = n.mix(n.ramp(n.noise(p, 2.2, 6, 0.65), 0.35, 0.68), tuple(v * 0.55 for v in tone), tone)
    c = n.mix(n.mul(n.ramp(n.noise(p, 3.5, 4), 0.58, 0.64), 0.5), c, (0.30, 0.29, 0.20))
    n.surface(
        {
            "Base Color": c,
            "Roughness": 0.95,
            "Specular IOR Level": 0.1,
            "Normal": n.bump(n.noise(p, 4, 7, 0.65), 0.8, 0.25),
        }
    )
    return result


def petals(rng: np.random.Generator) -> bpy.types.Material:
    """Flowers of one of six colours."""
    c = [
        (0.85, 0.72, 0.06),
        (0.72, 0.10, 0.34),
        (0.85, 0.85, 0.88),
        (0.33, 0.15, 0.68),
        (0.78, 0.11, 0.05),
        (0.20, 0.25, 0.75),
    ][rng.integers(6)]
    return plain("petals", c, 0.6, blend=tuple(min(1.0, v * 1.25 + 0.05) for v in c))
