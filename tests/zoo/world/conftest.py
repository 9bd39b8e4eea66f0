"""Rendering is tested where Blender is installed as a module: `pip install -r zoo/world/requirements.txt`."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("bpy") else ["test_render.py"]
