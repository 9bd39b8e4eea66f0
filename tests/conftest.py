"""What several tests share: a cache of their own, and small untrained checkpoints in folders."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_studio import Studio, serve
from small_sims import crn_checkpoint, sims_checkpoint, small_bank
from untrained import seeded, written

from sims.label_space import label_space
from sims.resnet import ResNet
from sims.spade import SpadeConfig, SpadeNetwork, StyleEncoder
from sims.style.photo_wct import PhotoWct
from sims.unet import UNet

# Programs inherit an interrupt that is ignored, as in background jobs; the tests that interrupt programs need it heard.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests never touch, nor profit from, what the person who runs them has pulled.
_cache = tempfile.TemporaryDirectory(prefix="sims-studio-tests-")
os.environ["SIMS_CACHE"] = _cache.name


@pytest.fixture(scope="session")
def tiny_spade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained SPADE with a style encoder in a folder: street layouts to pictures of 128x256."""
    options: dict = {
        "ngf": 2,
        "label_nc": label_space("street").channels,
        "contain_dontcare_label": False,
        "no_instance": False,
        "num_upsampling_layers": "normal",
        "crop_size": 256,
        "aspect_ratio": 2.0,
        "norm_G": "spadebatch3x3",
        "use_vae": True,
        "z_dim": 256,
        "hidden": 4,
        "encoder_ngf": 2,
    }
    tensors = seeded(SpadeNetwork(SpadeConfig(**options)), seed=1)
    encoder = seeded(StyleEncoder(options["encoder_ngf"]), seed=2)
    tensors |= {f"netE.{name}": value for name, value in encoder.items()}
    config = {"family": "spade", **options, "label_space": "street", "spectral": "folded"}
    return written(tmp_path_factory.mktemp("checkpoints") / "tiny-spade", tensors, config)


@pytest.fixture(scope="session")
def tiny_pix2pix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained pix2pix U-Net in a folder: landscape layouts to pictures of 128x128."""
    channels = label_space("landscape").channels
    config = {
        "family": "pix2pix",
        "netG": "unet_128",
        "input_nc": channels,
        "output_nc": 3,
        "ngf": 2,
        "norm": "batch",
        "use_dropout": True,
        "input": "layout_onehot",
        "label_space": "landscape",
        "size": [128, 128],
    }
    network = UNet(7, channels, 3, 2, "batch", use_dropout=True)
    return written(tmp_path_factory.mktemp("checkpoints") / "tiny-pix2pix", seeded(network, seed=3), config)


@pytest.fixture(scope="session")
def tiny_cyclegan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained CycleGAN ResNet in a folder: pictures to pictures, at 64x64."""
    config = {
        "family": "cyclegan",
        "netG": "resnet_6blocks",
        "input_nc": 3,
        "output_nc": 3,
        "ngf": 2,
        "norm": "instance",
        "use_dropout": False,
        "input": "image",
        "label_space": None,
        "size": [64, 64],
    }
    network = ResNet(6, 3, 3, 2, "instance", use_dropout=False)
    return written(tmp_path_factory.mktemp("checkpoints") / "tiny-cyclegan", seeded(network, seed=4), config)


@pytest.fixture(scope="session")
def street_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory bank of a few street frames, without walls and trains."""
    return small_bank(tmp_path_factory.mktemp("bank"), lacking=("wall", "train"))


@pytest.fixture(scope="session")
def tiny_sims(street_bank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained SIMS with that bank in its folder."""
    return sims_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny-sims", street_bank)


@pytest.fixture(scope="session")
def tiny_crn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained CRN in a folder: three pictures of 256x512 of a street layout."""
    return crn_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny-crn")


@pytest.fixture(scope="session")
def tiny_photo_wct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained PhotoWCT, a sixteenth as wide as the published one, in a folder."""
    config = {"family": "photo_wct", "width": 1 / 16}
    return written(tmp_path_factory.mktemp("checkpoints") / "tiny-pis", seeded(PhotoWct(1 / 16), seed=3), config)


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """`python app.py`, running, with a Hub that cannot be reached."""
    with serve(tmp_path_factory.mktemp("studio")) as running:
        yield running
