"""What SPADE's shortcuts gain on a real layout, at the built-in size: `python tests/bench/spade.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from ratios import print_ratio  # noqa: E402

from sims.layout_files import read_layout  # noqa: E402
from sims.spade import SpadeConfig, SpadeNetwork, instance_edges  # noqa: E402
from sims.spade_layout import Pyramid  # noqa: E402

LAYOUT = ROOT / "zoo" / "builtin" / "layouts" / "street" / "01-poplar-boulevard.png"


def main() -> None:
    """Untrained weights will do: the time does not depend on them."""
    layout = read_layout(LAYOUT, "street").layout
    classes = layout.space.channels
    config = SpadeConfig(
        ngf=16,
        label_nc=classes,
        contain_dontcare_label=False,
        no_instance=False,
        num_upsampling_layers="most",
        crop_size=512,
        aspect_ratio=2.0,
        norm_G="spadebatch3x3",
        use_vae=True,
        hidden=32,
    )
    channels = torch.from_numpy(layout.space.channels_of(layout.ids))[None]
    edges = instance_edges(torch.from_numpy(layout.instance_map())[None])
    z = torch.zeros(1, config.z_dim)
    plain, arranged = SpadeNetwork(config).eval(), SpadeNetwork(config).eval()
    kept = Pyramid(channels, edges, classes)
    with torch.inference_mode():
        arranged.prepare()
        print_ratio(
            "arranged weights on a new layout",
            lambda: plain(Pyramid(channels, edges, classes), z),
            lambda: arranged(Pyramid(channels, edges, classes), z),
        )
        print_ratio(
            "another seed on the same layout",
            lambda: arranged(Pyramid(channels, edges, classes), z),
            lambda: arranged(kept, z),
        )


if __name__ == "__main__":
    main()
