"""What a picture of SIMS costs, stage by stage, and what is left of it for a changed one: `python tests/bench/sims.py`.

Targets on two idle cores at 256x512: a first picture, with loading, under 4 s; a changed candidate under 2 s.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ratios import print_ratio, seconds  # noqa: E402

from sims.generator import LayoutRequest  # noqa: E402
from sims.layout import Layout  # noqa: E402
from sims.layout_files import read_layout  # noqa: E402
from sims.load import load  # noqa: E402
from sims.memory.pipeline import SimsGenerator  # noqa: E402

LAYOUTS = ROOT / "zoo" / "builtin" / "layouts" / "street"
NAME = "sims-street"
ROUNDS = 7


def main() -> None:
    """On the sample layouts, with the built-in bank."""
    files = sorted(path for path in LAYOUTS.glob("*.png") if not path.stem.endswith("_instances"))
    layouts = [read_layout(path, "street").layout for path in files][:ROUNDS]
    start = time.perf_counter()
    generator = load(NAME)
    generator.generate(LayoutRequest(layouts[0]))
    print(f"loaded, and a first picture made, in {time.perf_counter() - start:.2f} s")
    assert isinstance(generator, SimsGenerator)
    print_stages(generator, layouts)
    print_ratios(generator, layouts[0])


def print_stages(generator: SimsGenerator, layouts: Sequence[Layout]) -> None:
    """Seconds of wall time and of a core, and the shares of the stages, for every layout once."""
    used: list[float] = []
    stages: list[Mapping[str, float]] = []
    for layout in layouts:
        forget(generator)
        start = time.process_time()
        stages.append(generator.generate(LayoutRequest(layout)).seconds)
        used.append(time.process_time() - start)
    total = statistics.median(sum(each.values()) for each in stages)
    print(f"a new layout: {total:.2f} s, {statistics.median(used):.2f} s of a core (median of {len(layouts)} layouts)")
    for name in generator.stage_names:
        share = statistics.median(each.get(name, 0) / sum(each.values()) for each in stages)
        print(f"  {name}: {share:.0%}, {statistics.median(each.get(name, 0) for each in stages):.3f} s")


def print_ratios(generator: SimsGenerator, layout: Layout) -> None:
    """What a new layout costs against a changed candidate, and against another seed."""
    segments = generator.stages(LayoutRequest(layout)).segments
    changes = iter([f"{each.number}:{rank}" for each in segments for rank in range(1, len(each.found))])
    seeds = iter(range(1, 2**32))

    def anew() -> None:
        forget(generator)
        generator.generate(LayoutRequest(layout))

    def changed() -> None:
        generator.generate(LayoutRequest(layout, options={"candidates": next(changes)}))

    print_ratio("a changed candidate against a new layout", anew, changed)
    print_ratio(
        "another seed against a new layout",
        anew,
        lambda: generator.generate(LayoutRequest(layout), seed=next(seeds)),
    )
    print(f"the same again: {seconds(lambda: generator.generate(LayoutRequest(layout))) * 1e3:.1f} ms")


def forget(generator: SimsGenerator) -> None:
    """Let go of all that is kept of layouts and pictures; the memory bank stays open."""
    generator._compositions.clear()
    generator._made.clear()


if __name__ == "__main__":
    main()
