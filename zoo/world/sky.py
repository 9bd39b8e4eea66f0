"""The sky: physical clear sky, sun, and a procedural cloud layer."""

from __future__ import annotations

import bpy
import numpy as np

from zoo.world.blender import render
from zoo.world.grade import luma
from zoo.world.light import Light
from zoo.world.nodes import Nodes, Socket


def make_sky(scene: bpy.types.Scene, light: Light, rng: np.random.Generator) -> np.ndarray:
    """Build the world shader, whose extra channels are A1: the clouds' opacity, and A2: the clear sky's radiance.

    Returns the colour of the clear horizon around the compass (N, 3), which is what fog looks like.
    """
    world = bpy.data.worlds.new("sky")
    scene.world = world
    world.use_nodes = True
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 256
    n = Nodes(world.node_tree)
    clear = n.raw(
        "ShaderNodeTexSky",
        props={
            "sky_type": "MULTIPLE_SCATTERING",
            "sun_elevation": float(light.elevation),
            "sun_rotation": float(light.azimuth),
            "sun_disc": light.name != "over",
            "sun_intensity": 1.0 if light.elevation > 0.1 else 0.7,
            "sun_size": float(np.radians(0.9)),
            "altitude": 300,
            "air_density": rng.uniform(0.8, 1.3),
            "aerosol_density": rng.uniform(0.4, 2.2),
            "ozone_density": rng.uniform(0.8, 2.0),
        },
    ).outputs[0]
    background = n.raw("ShaderNodeBackground", {0: clear, 1: 1.0})
    result = n.raw("ShaderNodeOutputWorld")
    n.tree.links.new(background.outputs[0], result.inputs[0])
    horizon, zenith = probe(scene)
    h, z = float(np.mean(luma(horizon))), float(luma(zenith))

    direction = n.vector("NORMALIZE", n.raw("ShaderNodeTexCoord").outputs["Generated"])
    up = n.split(direction)[2]
    inverse = n.math("DIVIDE", 1.0, n.add(n.math("MAXIMUM", up, 0.0), 0.09))
    uv = n.vector("MULTIPLY", n.scale(direction, inverse), (1, 1, 0))
    uv = n.vector("ADD", uv, rng.uniform(-50, 50, 3))
    if light.cloud == "cirrus":
        uv = n.vector("MULTIPLY", uv, (1, 0.28, 1))
    opacity, field = cloud_density(n, uv, light)
    flat = light.sun() * [1, 1, 0]
    flat = flat / max(np.linalg.norm(flat), 1e-6)
    shade = [cloud_density(n, n.vector("ADD", uv, flat * step), light)[1] for step in (0.10, 0.24)]
    thick = n.add(n.mul(n.add(shade[0], shade[1]), 0.5), n.mul(field, 0.45))
    thick = n.ramp(n.sub(thick, 0.87 - 0.24 * light.cover), -0.02, 0.42)
    lit = n.sub(1.0, n.mul(thick, 0.8 if light.cover < 0.8 else 0.65))

    warm = float(np.clip(1 - light.elevation / 0.40, 0, 1))
    sun_tint = np.array([1, 1 - 0.36 * warm, 1 - 0.62 * warm])
    top = sun_tint * (1.15 * h + 2.2 * z) * (1.25 if light.cloud != "stratus" else 1.0)
    base = (zenith / max(z, 1e-6) * 0.45 + 0.55) * (0.55 * h + 0.75 * z) * (0.62 if light.cover > 0.7 else 0.8)
    towards = n.math("MAXIMUM", n.dot(direction, light.sun()), 0)
    silver = n.add(1.0, n.mul(n.math("POWER", towards, 10), 1.3))
    cloud = n.scale(n.mix(lit, base, top), silver)
    alpha = n.mul(opacity, n.mul(n.ramp(up, 0.0, 0.11), 0.96))

    path = n.raw("ShaderNodeLightPath")
    seen = n.math("MAXIMUM", path.outputs["Is Camera Ray"], path.outputs["Is Glossy Ray"])
    painted = n.raw("ShaderNodeBackground", {0: n.mix(alpha, clear, cloud), 1: 1.0})
    n.tree.links.new(
        n.new("ShaderNodeMixShader", {0: seen, 1: background.outputs[0], 2: painted.outputs[0]}),
        result.inputs[0],
    )
    n.aov("A1", n.join(alpha, 0.0, 0.0))
    n.aov("A2", clear)
    return horizon


def cloud_density(n: Nodes, uv: Socket, light: Light) -> tuple[Socket, Socket]:
    """Opacity 0..1 and the raw field of the cloud layer at a plane position."""
    scale = {"cumulus": 0.75, "stratus": 0.45, "cirrus": 0.9}[light.cloud]
    rough = 0.66 if light.cloud == "cirrus" else 0.56
    big = n.noise(uv, scale * 0.5, 2, 0.5)
    fine = n.noise(uv, scale, 7, rough, 0.25 if light.cloud == "cumulus" else 0.8)
    field = n.add(n.mul(fine, 0.75), n.mul(big, 0.35))
    start = 0.62 - 0.24 * light.cover
    return n.ramp(field, start, start + (0.10 if light.cloud == "cumulus" else 0.25)), field


def probe(scene: bpy.types.Scene) -> tuple[np.ndarray, np.ndarray]:
    """Colour of the clear sky just above the horizon by azimuth (N, 3) and at the zenith (3,), in an empty scene."""
    data = bpy.data.cameras.new("probe")
    camera = bpy.data.objects.new("probe", data)
    scene.collection.objects.link(camera)
    data.type = "PANO"
    data.panorama_type = "EQUIRECTANGULAR"
    data.longitude_min, data.longitude_max = -np.pi, np.pi
    data.latitude_min, data.latitude_max = 0.0, 1.2
    camera.rotation_euler = (np.pi / 2, 0, 0)
    r, c = scene.render, scene.cycles
    before = scene.camera, r.resolution_x, r.resolution_y, c.samples
    r.resolution_x, r.resolution_y, c.samples, c.use_denoising = 64, 12, 4, False
    scene.camera = camera
    picture = render(scene).linear
    scene.camera, r.resolution_x, r.resolution_y, c.samples = before
    c.use_denoising = True
    ring = np.median(picture[-3:], 0)
    level = luma(ring)[:, None]
    ring = ring * np.minimum(1, 3 * np.median(level) / np.maximum(level, 1e-9))  # the sun itself is no haze
    k = np.hanning(11)
    k /= k.sum()
    around = np.concatenate([ring[-5:], ring, ring[:5]])
    ring = np.stack([np.convolve(around[:, i], k, "valid") for i in range(3)], -1)
    return ring, np.median(picture[:2].reshape(-1, 3), 0)
