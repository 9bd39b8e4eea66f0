"""A perspective or panoramic camera, and the viewing direction of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

PANO_LOW, PANO_HIGH = -35.0, 55.0  # degrees above the horizon; a panorama goes all the way around


@dataclass
class Camera:
    """Position in metres; yaw from +y towards +x, pitch up, angle of view across (radians)."""

    at: tuple[float, float, float]
    yaw: float
    pitch: float
    angle: float
    pano: bool = False

    def attach(self, scene: bpy.types.Scene) -> None:
        """Make it the scene's camera."""
        data = bpy.data.cameras.new("camera")
        o = bpy.data.objects.new("camera", data)
        scene.collection.objects.link(o)
        scene.camera = o
        o.location = self.at
        o.rotation_euler = (np.pi / 2 + (0 if self.pano else self.pitch), 0, -self.yaw)
        data.clip_start, data.clip_end = 0.05, 40000
        data.sensor_fit = "HORIZONTAL"
        data.angle = self.angle
        if self.pano:
            data.type = "PANO"
            data.panorama_type = "EQUIRECTANGULAR"
            data.latitude_min, data.latitude_max = np.radians(PANO_LOW), np.radians(PANO_HIGH)
            data.longitude_min, data.longitude_max = -np.pi, np.pi

    def directions(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Azimuth (radians, -pi..pi) and sine of the elevation of every pixel, both (H, W)."""
        yy, xx = np.mgrid[0:height, 0:width]
        if self.pano:
            azimuth = ((xx + 0.5) / width * 2 - 1) * np.pi + self.yaw
            rise = np.sin(np.radians(PANO_HIGH - (PANO_HIGH - PANO_LOW) * (yy + 0.5) / height))
        else:
            focal = (width / 2) / np.tan(self.angle / 2)
            u, v = (xx + 0.5 - width / 2) / focal, (height / 2 - yy - 0.5) / focal
            azimuth = self.yaw + np.arctan(u)
            rise = (np.sin(self.pitch) + v * np.cos(self.pitch)) / np.sqrt(1 + u * u + v * v)
        return (azimuth + np.pi) % (2 * np.pi) - np.pi, rise
