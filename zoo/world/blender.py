"""Blender: scene set-up, mesh upload, and rendering to numpy channels."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
import OpenEXR

from zoo.world.geometry.mesh import Mesh, MeshArrays

EXTRA_CHANNELS = ("A1", "A2")
SKY_FROM = 1e5  # metres: where no surface is, Blender's depth is far beyond this


@dataclass
class Channels:
    """One render. Depth runs along the viewing axis, in panoramas along the ray."""

    linear: np.ndarray  # (H, W, 3) radiance, denoised
    depth: np.ndarray  # (H, W) metres
    objects: np.ndarray  # (H, W) int32 object index, 0 for the sky
    materials: np.ndarray  # (H, W) int32 material index: 1 + the class that a material forces, or 0
    a1: np.ndarray  # (H, W, 3) what shaders wrote with `Nodes.aov("A1", ...)`
    a2: np.ndarray  # (H, W, 3)

    @property
    def sky(self) -> np.ndarray:
        """(H, W) bool: no surface is there."""
        return self.depth > SKY_FROM


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Keep Blender's own lines off standard output, and Ctrl-C from Blender.

    Its lines go past `sys.stdout` and know no setting. An interrupt within its Python callbacks it would print and
    forget, and go on with half a picture; so it is raised afterwards.
    """
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    interrupts: list[int] = []
    heard = signal.getsignal(signal.SIGINT)
    if heard is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
    if interrupts:
        raise KeyboardInterrupt


@undisturbed()
def new_scene(height: int, width: int, samples: int) -> bpy.types.Scene:
    """An empty scene with Cycles set for cheap, denoised frames with exact index passes."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    c = scene.cycles
    c.device = "CPU"
    c.samples = samples
    c.use_adaptive_sampling = False
    c.use_denoising = True
    c.denoiser = "OPENIMAGEDENOISE"
    c.denoising_input_passes = "RGB_ALBEDO_NORMAL"
    c.denoising_prefilter = "FAST"
    c.max_bounces = 4
    c.diffuse_bounces = 2
    c.glossy_bounces = 2
    c.transmission_bounces = 2
    c.transparent_max_bounces = 6
    c.caustics_reflective = False
    c.caustics_refractive = False
    c.sample_clamp_indirect = 6
    c.filter_width = 1.3
    c.use_light_tree = False
    r = scene.render
    r.resolution_x, r.resolution_y, r.resolution_percentage = width, height, 100
    layer = scene.view_layers[0]
    layer.use_pass_z = True
    layer.use_pass_object_index = True
    layer.use_pass_material_index = True
    layer.pass_alpha_threshold = 0.0  # labels come from the first surface, glass included
    for name in EXTRA_CHANNELS:
        aov = layer.aovs.add()
        aov.name = name
        aov.type = "COLOR"
    r.image_settings.media_type = "MULTI_LAYER_IMAGE"
    r.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    r.image_settings.color_depth = "32"
    scene.view_settings.view_transform = "Raw"
    return scene


@undisturbed()
def render(scene: bpy.types.Scene) -> Channels:
    """Render the scene through its camera."""
    planes = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "frame.exr")
        scene.render.filepath = path
        bpy.ops.render.render(write_still=True)
        for part in OpenEXR.File(path, separate_channels=True).parts:
            for name, channel in part.channels.items():
                planes[name.removeprefix("ViewLayer.")] = np.array(channel.pixels, dtype=np.float32)

    def colour(name: str) -> np.ndarray:
        return np.stack([planes[f"{name}.{c}"] for c in "RGB"], -1)

    def index(name: str) -> np.ndarray:
        return np.rint(planes[f"{name}.X"]).astype(np.int32)

    depth = planes["Depth.Z"]
    return Channels(
        colour("Combined"), depth, index("Object Index"), index("Material Index"), colour("A1"), colour("A2")
    )


def upload(
    name: str, mesh: Mesh | MeshArrays, materials: Mapping[str, bpy.types.Material], sharp: float | None = None
) -> bpy.types.Mesh:
    """A Blender mesh. `materials` maps slot names to materials, `sharp` (degrees) splits smooth shading."""
    a = mesh.arrays() if isinstance(mesh, Mesh) else mesh
    made = bpy.data.meshes.new(name)
    made.vertices.add(len(a.points))
    made.vertices.foreach_set("co", a.points.astype(np.float32).ravel())
    made.loops.add(len(a.loops))
    made.loops.foreach_set("vertex_index", a.loops.astype(np.int32))
    made.polygons.add(len(a.starts))
    made.polygons.foreach_set("loop_start", a.starts.astype(np.int32))
    for slot in a.slot_names:
        made.materials.append(materials[slot])
    made.polygons.foreach_set("material_index", a.slots.astype(np.int32))
    made.polygons.foreach_set("use_smooth", a.smooth)
    made.update(calc_edges=True)
    if sharp is not None:
        made.set_sharp_from_angle(angle=np.radians(sharp))
    return made


def point_colours(mesh: bpy.types.Mesh, name: str, values: np.ndarray) -> None:
    """Store three numbers per vertex (N, 3) for the shader."""
    rgba = np.c_[values, np.ones(len(values))].astype(np.float32)
    mesh.color_attributes.new(name, "FLOAT_COLOR", "POINT").data.foreach_set("color", rgba.ravel())


def place(
    mesh: bpy.types.Mesh,
    at: Sequence[float] | np.ndarray = (0, 0, 0),
    turn: Sequence[float] | np.ndarray = (0, 0, 0),
    scale: float | Sequence[float] = 1.0,
    index: int = 0,
    name: str = "o",
) -> bpy.types.Object:
    """Put a mesh into the scene; `turn` in radians about x, y and z, `index` is what the object index pass shows."""
    o = bpy.data.objects.new(name, mesh)
    o.location = at
    o.rotation_euler = turn
    o.scale = scale if isinstance(scale, Sequence) else (scale,) * 3
    o.pass_index = index
    bpy.context.scene.collection.objects.link(o)
    return o


def scatter(prototype: bpy.types.Object, points: np.ndarray, turn: np.ndarray, scale: np.ndarray, name: str) -> None:
    """Instance one object on points (N, 3), each with a turn about z (radians) and a scale (N,)."""
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", np.asarray(points, np.float32).ravel())
    for key, values in (("turn", turn), ("size", scale)):
        mesh.attributes.new(key, "FLOAT", "POINT").data.foreach_set("value", np.asarray(values, np.float32))
    holder = place(mesh, name=name)
    group = bpy.data.node_groups.new(name, "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        group.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    make, link = group.nodes.new, group.links.new
    source, sink = make("NodeGroupInput"), make("NodeGroupOutput")
    instance, info = make("GeometryNodeInstanceOnPoints"), make("GeometryNodeObjectInfo")
    info.inputs["Object"].default_value = prototype
    info.inputs["As Instance"].default_value = True
    attributes = []
    for key in ("turn", "size"):
        node = make("GeometryNodeInputNamedAttribute")
        node.data_type = "FLOAT"
        node.inputs["Name"].default_value = key
        attributes.append(node.outputs["Attribute"])
    axis = make("ShaderNodeCombineXYZ")
    link(attributes[0], axis.inputs["Z"])
    link(source.outputs[0], instance.inputs["Points"])
    link(info.outputs["Geometry"], instance.inputs["Instance"])
    link(axis.outputs[0], instance.inputs["Rotation"])
    link(attributes[1], instance.inputs["Scale"])
    link(instance.outputs[0], sink.inputs[0])
    holder.modifiers.new("scatter", "NODES").node_group = group
