"""A small builder for shader node trees, and the plain material."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import bpy
import numpy as np

Socket: TypeAlias = Any  # bpy.types.NodeSocket: what a node gives; bpy comes without types for checkers
Value: TypeAlias = (
    Socket | float | Sequence[float] | np.ndarray
)  # what a node takes: another node's socket or a constant
Inputs: TypeAlias = Mapping[int | str, Value]  # by number or name
Colour: TypeAlias = Sequence[float]  # linear RGB
Materials: TypeAlias = dict[str, bpy.types.Material]  # by the name of the slot, see `geometry.mesh`


class Nodes:
    """Makes nodes of one tree."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        self.tree.nodes.clear()

    def put(self, socket: Socket, value: Value) -> None:
        """Link a socket, or set a constant: one number fills all components, three numbers of a colour get alpha 1."""
        if hasattr(value, "links"):
            self.tree.links.new(value, socket)
            return
        components = len(socket.default_value) if hasattr(socket.default_value, "__len__") else 0
        if isinstance(value, Sequence | np.ndarray):
            numbers = tuple(float(v) for v in value)
            socket.default_value = (*numbers, 1.0) if components == 4 and len(numbers) == 3 else numbers
        elif components:
            socket.default_value = (float(value),) * 3 + ((1.0,) if components == 4 else ())
        else:
            socket.default_value = value

    def raw(self, kind: str, inputs: Inputs | None = None, props: Mapping[str, object] | None = None) -> bpy.types.Node:
        """A new node; `props` are its own attributes."""
        node = self.tree.nodes.new(kind)
        for name, setting in (props or {}).items():
            setattr(node, name, setting)
        for key, value in (inputs or {}).items():
            self.put(node.inputs[key], value)
        return node

    def new(self, kind: str, inputs: Inputs | None = None, props: Mapping[str, object] | None = None) -> Socket:
        """First output of a new node."""
        return self.raw(kind, inputs, props).outputs[0]

    def math(self, op: str, a: Value, b: Value = 0.0) -> Socket:
        return self.new("ShaderNodeMath", {0: a, 1: b}, {"operation": op})

    def mul(self, a: Value, b: Value) -> Socket:
        return self.math("MULTIPLY", a, b)

    def add(self, a: Value, b: Value) -> Socket:
        return self.math("ADD", a, b)

    def sub(self, a: Value, b: Value) -> Socket:
        return self.math("SUBTRACT", a, b)

    def vector(self, op: str, a: Value, b: Value = (0, 0, 0)) -> Socket:
        return self.new("ShaderNodeVectorMath", {0: a, 1: b}, {"operation": op})

    def dot(self, a: Value, b: Value) -> Socket:
        return self.raw("ShaderNodeVectorMath", {0: a, 1: b}, {"operation": "DOT_PRODUCT"}).outputs[1]

    def scale(self, a: Value, s: Value) -> Socket:
        return self.new("ShaderNodeVectorMath", {0: a, "Scale": s}, {"operation": "SCALE"})

    def noise(
        self, vector: Socket, scale: float, detail: float = 4, rough: float = 0.55, distortion: float = 0.0
    ) -> Socket:
        inputs: Inputs = {
            "Vector": vector,
            "Scale": scale,
            "Detail": detail,
            "Roughness": rough,
            "Distortion": distortion,
        }
        return self.new("ShaderNodeTexNoise", inputs)

    def ramp(self, x: Value, low: float, high: float) -> Socket:
        """Smooth step from 0 at `low` to 1 at `high`."""
        inputs: Inputs = {"Value": x, "From Min": low, "From Max": high}
        return self.new("ShaderNodeMapRange", inputs, {"interpolation_type": "SMOOTHSTEP"})

    def mix(self, factor: Value, a: Value, b: Value) -> Socket:
        """Colour `a` where the factor is 0, `b` where it is 1."""
        return self.raw("ShaderNodeMix", {"Factor": factor, 6: a, 7: b}, {"data_type": "RGBA"}).outputs[2]

    def position(self) -> Socket:
        """World position of the surface."""
        return self.raw("ShaderNodeNewGeometry").outputs["Position"]

    def local(self) -> Socket:
        """Position in the object's own coordinates."""
        return self.raw("ShaderNodeTexCoord").outputs["Object"]

    def object_random(self) -> Socket:
        """A number 0..1 that differs from object to object."""
        return self.raw("ShaderNodeObjectInfo").outputs["Random"]

    def split(self, vector: Socket) -> Sequence[Socket]:
        return self.raw("ShaderNodeSeparateXYZ", {"Vector": vector}).outputs

    def join(self, x: Value, y: Value, z: Value) -> Socket:
        return self.new("ShaderNodeCombineXYZ", {"X": x, "Y": y, "Z": z})

    def vertex_colour(self, layer: str) -> Sequence[Socket]:
        """The three components that `blender.point_colours` stored under a name."""
        colour = self.new("ShaderNodeVertexColor", props={"layer_name": layer})
        return self.raw("ShaderNodeSeparateColor", {"Color": colour}).outputs

    def bump(self, height: Socket, strength: float, distance: float) -> Socket:
        return self.new("ShaderNodeBump", {"Height": height, "Strength": strength, "Distance": distance})

    def surface(self, inputs: Inputs) -> None:
        """A principled surface as the material's result."""
        self.output(self.new("ShaderNodeBsdfPrincipled", inputs))

    def output(self, shader: Socket) -> None:
        self.raw("ShaderNodeOutputMaterial", {0: shader})

    def aov(self, name: str, colour: Socket) -> None:
        """Write a colour into the render's extra channel `name`."""
        self.raw("ShaderNodeOutputAOV", {"Color": colour}, {"aov_name": name})


def material(name: str, label: int | None = None) -> tuple[bpy.types.Material, Nodes]:
    """A new material and its node builder. `label` overrides the object's class where the material is visible."""
    result = bpy.data.materials.new(name)
    result.use_nodes = True
    result.pass_index = 0 if label is None else label + 1
    return result, Nodes(result.node_tree)


def plain(
    name: str,
    colour: Colour,
    rough: float = 0.7,
    metal: float = 0.0,
    label: int | None = None,
    vary: float = 0.0,
    scale: float = 6.0,
    glow: tuple[Colour, float] | None = None,
    coat: float = 0.0,
    blend: Colour | None = None,
    specular: float = 0.4,
) -> bpy.types.Material:
    """A principled material.

    `vary` (0..1) darkens by noise of `scale`, `glow` is colour and strength of its own light, `blend` a second colour
    mixed in object by object.
    """
    result, n = material(name, label)
    base: Value = tuple(colour)
    if blend is not None:
        base = n.mix(n.object_random(), base, blend)
    if vary:
        base = n.mix(n.mul(n.noise(n.position(), scale, 4), vary), base, tuple(c * 0.35 for c in colour))
    inputs: dict[int | str, Value] = {
        "Base Color": base,
        "Roughness": rough,
        "Metallic": metal,
        "Coat Weight": coat,
        "Coat Roughness": 0.04,
        "Specular IOR Level": specular,
    }
    if glow is not None:
        inputs |= {"Emission Color": glow[0], "Emission Strength": glow[1]}
    n.surface(inputs)
    return result
