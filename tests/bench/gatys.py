"""What neural style spends its time on, and what coarse scales gain: `python tests/bench/gatys.py`."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from ratios import seconds  # noqa: E402

from sims.generator import StyleRequest, to_tensor  # noqa: E402
from sims.load import load  # noqa: E402
from sims.style.descent import descend  # noqa: E402
from sims.style.gatys import GatysGenerator  # noqa: E402
from sims.style.gram import STYLE_LAYERS, Looks, responses  # noqa: E402
from sims.style.regions import WHOLE  # noqa: E402
from sims.world import World  # noqa: E402

STEPS = 8
SCHEDULES = ("60", "40+50", "0+60")  # the second takes as long as the first


def main() -> None:
    """The built-in network, one frame of the world, at half its size, in the style of another."""
    made, world = load("segmenter-world", device="cpu"), World()
    assert isinstance(made, GatysGenerator)
    content, style = (
        world.read(space, world.frames(space)[3].number).picture[::2, ::2] for space in ("street", "landscape")
    )
    shares(made, content, style)
    losses = {steps: scales(made, content, style, steps) for steps in SCHEDULES}
    for steps, loss in losses.items():
        print(f"steps {steps}: style error {loss / losses[SCHEDULES[0]]:.2f} of that of one scale ({loss:.5f})")


def shares(made: GatysGenerator, content: np.ndarray, style: np.ndarray) -> None:
    """How much of a step the network takes, forwards and backwards, and how much the Gram matrices."""
    network = made._networks["average"]
    picture, wanted = to_tensor(content, made.device), to_tensor(style, made.device)
    with torch.no_grad():
        looks = Looks.of(responses(network, wanted, STYLE_LAYERS), WHOLE)

    def passes() -> None:
        variable = picture.clone().requires_grad_()
        sum(layer.sum() for layer in responses(network, variable, STYLE_LAYERS).values()).backward()  # type: ignore[union-attr]

    def steps() -> None:
        descend(lambda x: looks.error(responses(network, x, STYLE_LAYERS)), picture, STEPS, lambda done, best: True)

    passes(), steps()
    pairs = [(seconds(passes), seconds(steps) / STEPS) for _ in range(5)]
    share = statistics.median(alone / whole for alone, whole in pairs)
    height, width = picture.shape[2:]
    whole = statistics.median(whole for _, whole in pairs)
    print(f"a step at {width}x{height}: {whole * 1e3:.0f} ms, of which the network takes {share:.0%}")


def scales(made: GatysGenerator, content: np.ndarray, style: np.ndarray, steps: str) -> float:
    """The style error at the finest scale after a schedule, from noise, printed with its time."""
    options = {"steps": steps, "seconds": "unlimited", "start": "noise"}
    picture = made.generate(StyleRequest(content, style, options=options))
    network = made._networks["average"]
    with torch.no_grad():
        wanted, found = (
            responses(network, to_tensor(one, made.device), STYLE_LAYERS) for one in (style, picture.image)
        )
        error = float(Looks.of(wanted, WHOLE).error(found))
    print(f"steps {steps}: {picture.seconds['optimise']:.1f} s")
    return error


if __name__ == "__main__":
    main()
