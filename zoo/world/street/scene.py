"""Builds and renders one street, labelled with Cityscapes train ids."""

from __future__ import annotations

import time
from dataclasses import dataclass

import bpy
import numpy as np

from zoo.world.bend import draw_bend
from zoo.world.blender import new_scene, render
from zoo.world.camera import Camera
from zoo.world.frames import Frame
from zoo.world.grade import fog, grade, white_balance
from zoo.world.labels import STREET, THIN, from_indices, majority, street
from zoo.world.nodes import plain
from zoo.world.placer import FIRST_INSTANCE, Placer
from zoo.world.quality import problem
from zoo.world.sky import make_sky
from zoo.world.street.fill import Street, fill
from zoo.world.street.furnish import furnish
from zoo.world.street.ground import lay
from zoo.world.street.materials import asphalt, furniture, lawn, paving
from zoo.world.street.plan import StreetPlan, draw_plan
from zoo.world.street.traffic import Traffic

BLOCKERS = tuple(
    street(name)
    for name in (
        "pole",
        "vegetation",
        "person",
        "truck",
        "bus",
        "train",
        "traffic sign",
        "building",
        "car",
        "wall",
        "fence",
    )
)
ATTEMPTS = 3
LEAST_CLASSES = 4


@dataclass
class Built:
    """What was built of a seed, ready to be rendered."""

    scene: bpy.types.Scene
    plan: StreetPlan
    placer: Placer
    horizon: np.ndarray  # (N, 3), see `make_sky`
    camera: Camera


def make(seed: int, height: int, width: int, samples: int) -> Frame:
    """The frame of a seed; the camera is drawn again while the picture is dull, dark or blocked."""
    start = time.process_time()
    built = build(seed, height, width, samples)
    plan = built.plan
    rejected: list[str] = []
    for attempt in range(ATTEMPTS):
        if attempt:
            built.camera = draw_camera(plan, np.random.default_rng([seed, 2, attempt]), width > height)
        frame = shoot(built)
        reason = problem(frame.picture, frame.depth, frame.labels, BLOCKERS, LEAST_CLASSES)
        if reason is None:
            break
        rejected.append(reason)
    frame.notes = {
        "seed": seed,
        "kind": plan.kind,
        "light": plan.light.name,
        "season": plan.season,
        "wet": plan.wet,
        "samples": samples,
        "rejected": rejected,
        "good": reason is None,
        "cpu": round(time.process_time() - start, 2),
    }
    return frame


def build(seed: int, height: int, width: int, samples: int) -> Built:
    """The scene of a seed, with its first camera."""
    rng = np.random.default_rng([seed, 1])
    scene = new_scene(height, width, samples)
    plan = draw_plan(rng)
    horizon = make_sky(scene, plan.light, rng)
    placer = Placer(street, draw_bend(rng))
    tone = rng.uniform(0.75, 1.35)
    worn = rng.uniform(0.3, 0.9)
    ground = {
        "asphalt": asphalt(plan.wet, tone),
        "paint": plain("markings", (0.70, 0.70, 0.68), 0.7, vary=worn, scale=6),
        "iron": plain("cover", (0.06, 0.058, 0.055), 0.5, 0.4),
        "paving": paving(rng, plan.wet),
        "lawn": lawn(plan.season),
        "kerb": plain("kerb", (0.40, 0.39, 0.38), 0.8, vary=0.5, scale=4),
        "rail": plain("rail", (0.22, 0.21, 0.20), 0.35, 0.8),
    }
    lay(plan, placer, ground, rng)
    sides = Street(plan, placer, rng, ground, furniture())
    fill(sides)
    furnish(sides)
    camera = draw_camera(plan, rng, width > height)
    traffic = Traffic(plan, placer, rng)
    traffic.large()
    traffic.two_wheelers()
    traffic.cars()
    traffic.people(camera.at[:2])
    return Built(scene, plan, placer, horizon, camera)


def shoot(built: Built) -> Frame:
    """Render, and make picture, labels and instances of the render's channels."""
    plan, camera = built.plan, built.camera
    camera.attach(built.scene)
    seen = render(built.scene)
    sky, depth = seen.sky, seen.depth
    azimuth, rise = camera.directions(*depth.shape)
    rise = np.where(sky, rise, depth * rise)
    linear, _ = fog(seen.linear, depth, rise, sky, azimuth, built.horizon, plan.visibility)
    linear = white_balance(linear, ~sky, {"over": 0.75, "dusk": 0.6}.get(plan.light.name, 0.4))
    key = {"day": 0.22, "gold": 0.20, "over": 0.22, "dusk": 0.15}[plan.light.name]
    picture = grade(linear, key, 1.05, 0.32)
    labels = from_indices(seen.objects, seen.materials, built.placer.classes, street("sky"))
    labels = majority(labels, len(STREET), THIN)
    instances = np.where(seen.objects >= FIRST_INSTANCE, seen.objects, 0)
    return Frame(picture, labels, instances, depth)


def draw_camera(plan: StreetPlan, rng: np.random.Generator, wide: bool) -> Camera:
    """From the driving lane or from the pavement, looking along +x."""
    walking = rng.random() < 0.28
    if walking:
        side = int(rng.choice([-1, 1]))
        i = 0 if side > 0 else 1
        y = plan.kerb(side) + side * (plan.verge[i] + rng.uniform(0.9, plan.walk[i] - 0.6))
        yaw = np.pi / 2 + side * rng.uniform(0.02, 0.30)
        at = (float(rng.uniform(-1.5, 1.5)), float(y), float(rng.uniform(1.5, 1.75) + 0.14))
    else:
        lane = -(int(rng.integers(plan.lanes)) + 0.5)
        yaw = np.pi / 2 + rng.normal(0, 0.07)
        at = (0.0, float(lane * plan.lane + rng.uniform(-0.3, 0.3)), float(rng.uniform(1.25, 1.65)))
    angle = np.radians(rng.uniform(58, 78) if wide else rng.uniform(50, 64))
    return Camera(at, float(yaw), float(np.radians(rng.uniform(-3.5, 2.5))), float(angle))
