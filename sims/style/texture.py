"""Textures by the parametric model of Portilla and Simoncelli, in colour: no weights, seconds on a CPU.

"A Parametric Texture Model Based on Joint Statistics of Complex Wavelet Coefficients", IJCV 40(1), 2000. Noise is
projected, round by round, on pictures that have the statistics of the example.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from sims.generator import Card, Choice, Generator, RequestError, Run, TextureRequest
from sims.style.steerable import SteerablePyramid
from sims.style.texture_example import Colours, joined_side, seamless
from sims.style.texture_statistics import TextureStatistics, measure, neighbours
from sims.style.texture_synthesis import project

MAX_PIXELS = 1024 * 1024  # of a texture made
MAX_EXAMPLE = 1024  # pixels of a side of the example that are looked at
MOMENTUM = 0.8  # of one round's change that the next one starts with: 20 rounds come nearer than 30 without it
LEAST = 3  # positions on a side of the coarsest scale

OPTIONS = (
    Choice("scales", ("4", "3", "5", "2"), "octaves of the pyramid: the more, the larger the structures it knows"),
    Choice("orientations", ("4", "3", "6", "2"), "directions of the bands at each scale"),
    Choice(
        "neighbourhood", ("7", "9", "5", "3"), "side, in pixels, of the squares within which coefficients correlate"
    ),
    Choice("iterations", ("25",), "rounds of projections", r"[1-9]\d?|1\d\d|200", "a number from 1 to 200"),
)


class SteerableTexture(Generator):
    """The parametric texture model. It has no weights and so needs no checkpoint.

    What is made counts as periodic: it tiles without a seam where both sides are multiples of 2^scales (16) and at
    least 3 times that (48); otherwise it is cut from the next larger size that is. Grey examples give grey textures.
    """

    stage_names = ("measure the example", "synthesise")

    def __init__(self, device: torch.device) -> None:
        super().__init__(_CARD, device)

    def memory_bytes(self) -> int:
        """None: there are no weights."""
        return 0

    def _from_texture(self, request: TextureRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        height, width = request.size
        step = 2 ** int(options["scales"])
        _check(request, step)
        size = (_periodic(height, step), _periodic(width, step))
        with run.stage("measure the example"):
            example = seamless(_middle(request.example, run), step)
            colours = Colours.of(example)
            if not colours.mixing.shape[1]:  # a single colour
                return colours.picture(torch.zeros(0, height, width))
            wanted = self._measured(example, colours, size, options)
        with run.stage("synthesise"):
            return self._synthesised(wanted, colours, size, options, run, (height, width))

    def _measured(
        self, example: np.ndarray, colours: Colours, size: tuple[int, int], options: Mapping[str, str]
    ) -> TextureStatistics:
        """The statistics of the example at all lags that both it and a texture of `size` have."""
        scales, neighbourhood = int(options["scales"]), int(options["neighbourhood"])
        channels = colours.channels(example).to(self.device)
        shared = (min(size[0], channels.shape[1]), min(size[1], channels.shape[2]))
        pyramid = self._pyramid(channels.shape[1], channels.shape[2], options)
        return measure(channels, pyramid, neighbours(shared, scales, neighbourhood))

    def _synthesised(
        self,
        wanted: TextureStatistics,
        colours: Colours,
        size: tuple[int, int],
        options: Mapping[str, str],
        run: Run,
        shown: tuple[int, int],
    ) -> np.ndarray:
        """A texture, RGB uint8 of the size `shown`, cut from one of `size` that has the statistics `wanted`."""
        pyramid, rounds = self._pyramid(*size, options), int(options["iterations"])
        channels = last = run.noise(len(wanted.high), *size).to(self.device)
        for number in range(rounds):
            run.advance(number / rounds, f"round {number + 1} of {rounds}")
            projected = project(channels, pyramid, wanted)
            channels, last = projected + MOMENTUM * (projected - last), projected
            picture = colours.picture(projected[:, : shown[0], : shown[1]])
            run.preview(picture)
        return picture

    def _pyramid(self, height: int, width: int, options: Mapping[str, str]) -> SteerablePyramid:
        return SteerablePyramid(height, width, int(options["scales"]), int(options["orientations"]), self.device)


def _check(request: TextureRequest, step: int) -> None:
    """Raise `RequestError` for an example that is too small; `step` pixels are one position at the coarsest scale."""
    rows, columns = request.example.shape[:2]
    if min(joined_side(rows, step), joined_side(columns, step)) < LEAST * step:
        least = next(side for side in range(MAX_EXAMPLE) if joined_side(side, step) >= LEAST * step)
        raise RequestError(
            f"The example is {columns}x{rows}; {step.bit_length() - 1} scales need at least {least}x{least} pixels,"
            " so give a larger one, or ask for fewer scales."
        )


def _periodic(side: int, step: int) -> int:
    """The side of the periodic texture from which one of `side` pixels is cut."""
    return max(-(-side // step), LEAST) * step


def _middle(example: np.ndarray, run: Run) -> np.ndarray:
    """The example, or as much of its middle as is looked at."""
    height, width = example.shape[:2]
    if max(height, width) <= MAX_EXAMPLE:
        return example
    kept_height, kept_width = min(height, MAX_EXAMPLE), min(width, MAX_EXAMPLE)
    run.notes.append(
        f"The example is {width}x{height}; its statistics are those of the {kept_width}x{kept_height} in its middle."
    )
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return example[top : top + kept_height, left : left + kept_width]


_CARD = Card(
    name="steerable",
    title="Joint statistics of wavelets",
    family="steerable",
    task="texture",
    native_size=None,
    options=OPTIONS,
    most_pixels=MAX_PIXELS,
    licence="MIT",
    origin="made here from the paper; there are no weights",
    paper="Portilla and Simoncelli, A Parametric Texture Model Based on Joint Statistics of Complex Wavelet"
    " Coefficients (2000)",
    trained_on="nothing: it has no weights",
    revision="1",
)
