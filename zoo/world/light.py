"""Time of day and weather. Angles in radians."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Light:
    """Where the sun stands and what covers it; azimuths turn from +y towards +x."""

    name: str  # day, gold, set, over, dusk
    elevation: float  # of the sun
    azimuth: float  # of the sun
    cover: float  # 0..1 cloud cover
    cloud: str  # cumulus, stratus, cirrus

    def sun(self) -> np.ndarray:
        """Unit vector to the sun (3,)."""
        c = np.cos(self.elevation)
        return np.array([np.sin(self.azimuth) * c, np.cos(self.azimuth) * c, np.sin(self.elevation)])
