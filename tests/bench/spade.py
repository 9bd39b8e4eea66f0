"""What SPADE's shortcuts gain on a real layout, at two sizes of network: `python tests/bench/spade.py`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from ratios import print_ratio  # noqa: E402

from sims.generator import placed  # noqa: E402
from sims.layout import Layout  # noqa: E402
from sims.layout_files import read_layout  # noqa: E402
from sims.spade import SpadeConfig, SpadeNetwork, instance_edges  # noqa: E402
from sims.spade_layout import Pyramid  # noqa: E402
from sims.training.spade import core_config  # noqa: E402

LAYOUT = ROOT / "zoo" / "builtin" / "layouts" / "street" / "01-poplar-boulevard.png"


BUILTIN = replace(core_config("street"), num_upsampling_layers="most", crop_size=512)
ADE20K = SpadeConfig(
    ngf=64,
    label_nc=150,
    contain_dontcare_label=True,
    no_instance=True,
    num_upsampling_layers="normal",
    crop_size=256,
    aspect_ratio=1.0,
    norm_G="spadesyncbatch3x3",
)


def main() -> None:
    """Untrained weights will do: the time does not depend on them."""
    street = read_layout(LAYOUT, "street").layout
    measure("built-in, 256x512", BUILTIN, street)
    measure("official ADE20K, 256x256", ADE20K, street.to_space("ade20k").layout.resize(256, 256))


def measure(title: str, config: SpadeConfig, layout: Layout) -> None:
    channels = torch.from_numpy(layout.space.channels_of(layout.ids))[None]
    edges = None if config.no_instance else instance_edges(torch.from_numpy(layout.instance_map())[None])
    z = torch.zeros(1, config.z_dim) if config.use_vae else None
    plain, arranged = SpadeNetwork(config).eval(), placed(SpadeNetwork(config).eval(), torch.device("cpu"))
    kept = Pyramid(channels, edges, config.classes)
    with torch.inference_mode():
        arranged.prepare()
        print_ratio(
            f"{title}: arranged weights on a new layout",
            lambda: plain(Pyramid(channels, edges, config.classes), z),
            lambda: arranged(Pyramid(channels, edges, config.classes), z),
        )
        print_ratio(
            f"{title}: another seed on the same layout",
            lambda: arranged(Pyramid(channels, edges, config.classes), z),
            lambda: arranged(kept, z),
        )


if __name__ == "__main__":
    main()
