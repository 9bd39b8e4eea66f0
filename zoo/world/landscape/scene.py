"""Builds and renders one landscape or panorama, labelled with twelve classes."""

from __future__ import annotations

import time
from dataclasses import dataclass

import bpy
import numpy as np

from zoo.world.blender import new_scene, render
from zoo.world.camera import Camera
from zoo.world.frames import Frame
from zoo.world.geometry.terrain import Terrain
from zoo.world.grade import fog, grade, white_balance
from zoo.world.labels import landscape
from zoo.world.landscape.classes import classify, visible_cloud
from zoo.world.landscape.ground import lay
from zoo.world.landscape.materials import terrain, water
from zoo.world.landscape.plan import LandscapePlan, choose_view, draw_plan
from zoo.world.landscape.plants import Planter
from zoo.world.placer import FIRST_INSTANCE, Placer
from zoo.world.quality import problem
from zoo.world.sky import make_sky

ATTEMPTS = 2
BLOCKERS = tuple(landscape(name) for name in ("tree", "bush", "rock"))
LEAST_CLASSES = 3


@dataclass
class Built:
    """What was built of a seed, ready to be rendered."""

    scene: bpy.types.Scene
    plan: LandscapePlan
    placer: Placer
    horizon: np.ndarray  # (N, 3), see `make_sky`
    camera: Camera


def make(seed: int, height: int, width: int, samples: int, pano: bool = False) -> Frame:
    """The frame of a seed; a dull, dark or blocked view is replaced by another one once."""
    start = time.process_time()
    rejected: list[str] = []
    for attempt in range(ATTEMPTS):
        built = build(seed, attempt, height, width, samples, pano)
        frame = shoot(built)
        reason = problem(frame.picture, frame.depth, frame.labels, BLOCKERS, LEAST_CLASSES)
        if reason is None:
            break
        rejected.append(reason)
    plan = built.plan
    frame.notes = {
        "seed": seed,
        "kind": plan.kind,
        "light": plan.light.name,
        "season": plan.season,
        "winter": plan.winter,
        "samples": samples,
        "rejected": rejected,
        "good": reason is None,
        "cpu": round(time.process_time() - start, 2),
    }
    return frame


def build(seed: int, attempt: int, height: int, width: int, samples: int, pano: bool) -> Built:
    """The scene of a seed; each attempt is a new viewpoint in the same country."""
    rng = np.random.default_rng([seed, 3])
    plan = draw_plan(rng)
    land = Terrain(rng, plan.kind)
    rng = np.random.default_rng([seed, 4, attempt])
    if attempt:
        turn = rng.uniform(1.0, 5.2)
        plan.yaw += turn
        plan.light.azimuth += turn
    scene = new_scene(height, width, samples)
    horizon = make_sky(scene, plan.light, rng)
    view = choose_view(plan, land, rng)
    wide = plan.angle if width <= height else min(plan.angle * 1.15, 1.5)
    tall = np.degrees(2 * np.arctan(np.tan(wide / 2) * height / width))
    pitch = np.radians(np.clip(view.skyline - tall * rng.uniform(0.12, 0.22), -16, 12))
    camera = Camera((0.0, 0.0, view.z), plan.yaw, float(pitch), float(wide), pano)
    camera.attach(scene)
    half = np.pi if pano else wide / 2 + 0.12
    ground = terrain("dry" if plan.winter else plan.season, plan.kind == "desert", rng)
    lay(plan, land, view, half, pano, ground, water(rng, float(rng.choice([0.9, 0.5, 0.1]))))
    placer = Placer(landscape)
    planter = Planter(plan, land, view, half, placer, rng)
    planter.trees(6000 if pano else 2600)
    planter.bushes()
    planter.boulders()
    planter.meadow(30000 if pano else 24000)
    return Built(scene, plan, placer, horizon, camera)


def shoot(built: Built) -> Frame:
    """Render, and make picture, labels and instances of the render's channels."""
    plan, camera = built.plan, built.camera
    seen = render(built.scene)
    sky, depth = seen.sky, seen.depth
    azimuth, rise = camera.directions(*depth.shape)
    rise = np.where(sky, rise, depth * rise)
    linear, through = fog(seen.linear, depth, rise, sky, azimuth, built.horizon, plan.visibility)
    clear, _ = fog(seen.a2, depth, rise, sky, azimuth, built.horizon, plan.visibility)
    cloud = visible_cloud(linear, clear, seen.a1[..., 0] * through, sky)
    labels = classify(seen.objects, built.placer.classes, seen.a1, seen.a2[..., 0], depth, rise, cloud, camera.pano)
    linear = white_balance(linear, np.ones_like(sky), 0.55 if plan.light.name == "dusk" else 0.12)
    key = {"day": 0.235, "gold": 0.21, "set": 0.19, "dusk": 0.17}[plan.light.name]
    picture = grade(linear, key, 0.97, 0.42, camera.pano)
    instances = np.where(seen.objects >= FIRST_INSTANCE, seen.objects, 0)
    return Frame(picture, labels, instances, depth)
