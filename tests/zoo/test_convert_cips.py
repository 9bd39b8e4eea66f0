"""CIPS: the tensors of every kind and size, what is recognised in them, and files made into the project's."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from convert_cases import State, saved, seeded
from safetensors.torch import save_file

from sims.cips import Cips
from zoo import ZooError
from zoo.__main__ import main
from zoo.catalog import catalog, find
from zoo.convert import FAMILIES, ConvertError, checked_config, cips, convert, expected_shapes
from zoo.convert.command import command_for
from zoo.files import read_config, read_weights
from zoo.hub import BUILTIN, obtain
from zoo.publish import model_card

SMALL: dict[str, Any] = {
    **{"kind": "skip", "size": 16, "embedding": [9, 12], "hidden": 6, "style_dim": 5, "n_mlp": 2, "width": 8},
}
OFFICIAL = {"ffhq256": 44_317_092, "churches": 44_317_092, "ffhq1024": 44_317_092, "landscapes": 43_027_858}
TABLE = {"default": 45_911_076, "base": 43_799_570, "ne": 10_246_674}
# What names and shapes tell, whatever else the configuration says.
TOLD = ("kind", "inputs", "geometry", "size", "embedding", "hidden", "style_dim", "n_mlp")


def config_of(**changes: Any) -> dict[str, Any]:
    return checked_config({"family": "cips", **SMALL, **changes})


def state_of(seed: int = 0, **changes: Any) -> State:
    return seeded(cips.expected(config_of(**changes)), seed)


def assert_holds(folder: Path, state: State) -> None:
    found = read_weights(folder)
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert torch.equal(found[name], tensor), name


def refusal(files: list[Path], **given: Any) -> str:
    with pytest.raises(ConvertError) as caught:
        convert("cips", files, files[0].parent / "out", **given)
    told = str(caught.value)
    assert "\n" not in told
    assert told.endswith(".")
    assert not (files[0].parent / "out").exists()
    return told


# ------------------------------------------------------------------------------------------------- names and shapes


@pytest.mark.parametrize(("preset", "parameters"), [*OFFICIAL.items(), *TABLE.items()])
def test_presets_have_the_parameters_that_were_published(preset: str, parameters: int) -> None:
    shapes = expected_shapes({"family": "cips", **FAMILIES["cips"].presets[preset]})
    assert sum(map(math.prod, shapes.values())) == parameters
    assert len(shapes) == {"landscapes": 100, "base": 96, "ne": 97}.get(preset, 122)


VARIANTS = list(
    product(
        ("skip", "res", "plain"),
        ({"inputs": "both"}, {"inputs": "embedding"}, {"inputs": "fourier"}, {"geometry": "cylinder"}),
        ("lrelu", "sin", "sinrelu"),
    )
)


@pytest.mark.parametrize(("kind", "surface", "activation"), VARIANTS)
def test_networks_hold_what_their_configurations_say(kind: str, surface: dict[str, str], activation: str) -> None:
    config = config_of(kind=kind, activation=activation, **surface)
    with torch.device("meta"):
        network = Cips(config)
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == cips.expected(config)


def test_widths_are_those_of_the_authors_up_to_the_widest_that_is_asked_for() -> None:
    assert cips.widths(config_of(size=256, width=512)) == [512, 512, 512, 512, 512, 512, 256, 128]
    assert cips.widths(config_of(size=1024, width=512))[-2:] == [64, 32]
    assert cips.widths(config_of(size=1024, width=512, kind="res"))[-2:] == [128, 64]
    assert cips.widths(config_of(size=256, width=512, channel_multiplier=4))[-3:] == [1024, 512, 256]
    assert cips.widths(config_of(size=256, width=512, taper=False)) == [512] * 8
    assert cips.widths(config_of(size=256, width=200)) == [200] * 7 + [128]
    assert cips.widths(config_of(size=8, width=1)) == [1, 1, 1]


@pytest.mark.parametrize("size", cips.SIZES)
@pytest.mark.parametrize("kind", ["skip", "res", "plain"])
def test_what_a_checkpoint_is_can_be_told_from_it(kind: str, size: int) -> None:
    variants = product(
        ({"inputs": "both"}, {"inputs": "embedding"}, {"inputs": "fourier"}, {"geometry": "cylinder"}),
        (True, False),
        (512, 300, 16),
        (1, 2, 3, 4),
        ((6, 5, "lrelu"), (32, 32, "sin")),
    )
    for surface, taper, width, multiplier, (hidden, style, activation) in variants:
        config = config_of(
            **{"kind": kind, "size": size, "taper": taper, "width": width, "channel_multiplier": multiplier},
            **{"hidden": hidden, "style_dim": style, "activation": activation, **surface},
        )
        if config["inputs"] == "fourier":
            config["embedding"] = None  # of which there is none
        wanted = cips.expected(config)
        state = {name: torch.empty(shape, device="meta") for name, shape in wanted.items()}
        found = checked_config({"family": "cips", **cips.recognise([state])})
        assert cips.expected(found) == wanted
        assert {name: found[name] for name in TOLD} == {name: config[name] for name in TOLD}
        assert found["activation"] == activation


def test_an_embedding_as_large_as_the_blocks_say_goes_without_saying() -> None:
    config = checked_config({"family": "cips", **FAMILIES["cips"].presets["ffhq256"]})
    state = {name: torch.empty(shape, device="meta") for name, shape in cips.expected(config).items()}
    assert checked_config({"family": "cips", **cips.recognise([state])}) == config


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": "gan"}, "'kind' is 'gan'"),
        ({"size": 4}, "'size' is 4; accepted is one of 8, 16, 32, 64, 128, 256, 512, 1024"),
        ({"size": 48}, "'size' is 48"),
        ({"size": True}, "'size' is True"),
        ({"size": [16, 16]}, r"'size' is \[16, 16\]"),
        ({"embedding": 16}, "'embedding' is 16"),
        ({"embedding": [9, 4096]}, "'embedding'"),
        ({"native_size": [0, 9]}, "'native_size'"),
        ({"hidden": 0}, "'hidden' is 0"),
        ({"style_dim": 1025}, "'style_dim' is 1025"),
        ({"n_mlp": 17}, "'n_mlp' is 17"),
        ({"lr_mlp": 0}, "'lr_mlp' is 0"),
        ({"lr_mlp": math.nan}, "'lr_mlp' is nan"),
        ({"activation": "relu"}, "'activation' is 'relu'"),
        ({"channel_multiplier": 5}, "'channel_multiplier' is 5"),
        ({"taper": 1}, "'taper' is 1"),
        ({"width": 513}, "'width' is 513"),
        ({"geometry": "sphere"}, "'geometry' is 'sphere'"),
        ({"geometry": "cylinder", "inputs": "fourier"}, "'geometry' is 'cylinder' and 'inputs' is 'fourier'"),
        ({"geometry": "cylinder", "inputs": "embedding"}, "a cylinder takes both"),
        ({"widths": 3}, "did you mean 'width'"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ConvertError, match=named):
        config_of(**change)


# ------------------------------------------------------------------------------------------------------------- files


def bare(path: Path, state: State) -> Path:
    return saved(path / "bare_g_ema.pt", state)


def old(path: Path, state: State) -> Path:
    return saved(path / "old_g_ema.pt", state, legacy=True)


def safe(path: Path, state: State) -> Path:
    save_file(state, path / "model.safetensors")
    return path / "model.safetensors"


def training(path: Path, state: State) -> Path:
    """What the authors' training program writes; the average is the generator."""
    critic = {"final_conv.0.weight": torch.ones(2, 2, 3, 3), "final_linear.0.weight": torch.ones(2, 2)}
    optimiser = {"state": {}, "param_groups": [{"lr": 0.002}]}
    other = {name: value + 1 for name, value in state.items()}
    whole = {"g": other, "d": critic, "g_ema": state, "g_optim": optimiser, "d_optim": optimiser}
    return saved(path / "000500.pt", whole)


def parallel(path: Path, state: State) -> Path:
    return saved(path / "parallel.pt", {f"module.{name}": value for name, value in state.items()})


@pytest.mark.parametrize("write", [bare, old, safe, training, parallel])
@pytest.mark.parametrize("kind", ["skip", "res", "plain"])
def test_files_are_converted_to_exactly_their_tensors(
    write: Callable[[Path, State], Path], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = state_of(kind=kind)
    file = write(tmp_path, state)
    assert main(["convert", "cips", str(file), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    assert_holds(tmp_path / "out", state)
    assert read_config(tmp_path / "out") == config_of(kind=kind)


def test_a_configuration_says_what_shapes_cannot(tmp_path: Path) -> None:
    state = state_of(activation="sinrelu", native_size=[40, 80], lr_mlp=0.02)
    file = bare(tmp_path, state)
    told = {"activation": "sinrelu", "native_size": [40, 80], "lr_mlp": 0.02}
    (tmp_path / "config.json").write_text(json.dumps(told))
    arguments = [
        "convert",
        "cips",
        str(file),
        "--out",
        str(tmp_path / "out"),
        "--config",
        str(tmp_path / "config.json"),
    ]
    assert main(arguments) == 0
    assert read_config(tmp_path / "out") == config_of(**told)
    assert_holds(tmp_path / "out", state)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["ffhq1024", "landscapes"])
def test_full_networks_are_converted_by_their_presets(preset: str, tmp_path: Path) -> None:
    config = checked_config({"family": "cips", **FAMILIES["cips"].presets[preset]})
    state = seeded(cips.expected(config))
    out = convert("cips", [bare(tmp_path, state)], tmp_path / "out", preset=preset)
    assert read_config(out) == config
    assert_holds(out, state)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.pop("linears.2.conv.weight"), "1 of 54 expected tensors are missing (linears.2.conv.weight)"),
        (lambda s: s.pop("lff.ffm.conv.weight"), "1 of 54 expected tensors are missing (lff.ffm.conv.weight)"),
        (lambda s: s.pop("emb.input"), "1 of 54 expected tensors are missing (emb.input)"),
        (lambda s: s.update({"linears.9.bias": torch.ones(2)}), "have no place"),
        (
            lambda s: s.update({"conv1.conv.weight": torch.ones(1, 8, 13, 1, 1)}),
            "have another shape (conv1.conv.weight",
        ),
        (lambda s: s.update({"style.2.bias": torch.ones(4)}), "style.2.bias is (4,) instead of (5,)"),
        (lambda s: s["to_rgbs.1.bias"].fill_(math.nan), "is damaged: to_rgbs.1.bias holds values that are not finite"),
        (lambda s: s.update({"conv1.noise.weight": torch.ones(1, dtype=torch.int64)}), "holds conv1.noise.weight as"),
        (lambda s: [s.pop(name) for name in list(s) if name.startswith("style.")], "is not of family cips: it looks"),
        (lambda s: [s.pop(name) for name in list(s) if name.startswith(("emb", "lff"))], "is not of family cips: its"),
        (lambda s: [s.pop(name) for name in list(s) if name.startswith("linears.")], "does not tell its size"),
        (lambda s: s.update({"style.1.weight": torch.ones(5)}), "is not of family cips"),
    ],
    ids=[
        "layer",
        "features",
        "embedding",
        "extra",
        "inputs",
        "mapping",
        "nan",
        "type",
        "no style",
        "no input",
        "no layers",
        "flat",
    ],
)
def test_files_of_other_tensors_are_refused(change: Callable[[State], object], reason: str, tmp_path: Path) -> None:
    state = state_of()
    change(state)
    assert reason in refusal([bare(tmp_path, state)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            {"final_conv.0.weight": torch.ones(2)},
            "it looks like the discriminator of CIPS or StyleGAN2: use the generat",
        ),
        ({"d": {"final_conv.0.weight": torch.ones(2)}}, "holds no state dict under a name known here"),
        ({"input.input": torch.ones(2), "style.1.weight": torch.ones(2, 2)}, "it looks like a generator of StyleGAN2"),
        ({"down1.model.0.weight": torch.ones(2)}, "it looks like HugGAN's U-Net: use family huggan"),
        ({}, "holds an empty state dict"),
        ([torch.ones(2)], "holds a list"),
    ],
)
def test_other_networks_are_named(content: object, reason: str, tmp_path: Path) -> None:
    assert reason in refusal([saved(tmp_path / "file.pt", content)])


@pytest.mark.parametrize("family", ["spade", "pix2pix", "photo_wct", "vgg"])
def test_a_file_of_another_family_is_sent_to_its_own(family: str, tmp_path: Path) -> None:
    for kind in ("skip", "res", "plain"):
        with pytest.raises(ConvertError, match="it looks like CIPS: use family cips"):
            convert(family, [bare(tmp_path, state_of(kind=kind))], tmp_path / "out")


@pytest.mark.parametrize("write", [bare, old])
def test_truncated_files_are_named(write: Callable[[Path, State], Path], tmp_path: Path) -> None:
    file = write(tmp_path, state_of())
    whole = file.read_bytes()
    for share in (0.3, 0.6, 0.99):
        file.write_bytes(whole[: int(len(whole) * share)])
        assert "is truncated" in refusal([file])


def test_a_wrong_preset_is_refused(tmp_path: Path) -> None:
    file = bare(tmp_path, state_of())
    assert "is not what its config describes" in refusal([file], preset="landscapes")
    assert "is not what its config describes" in refusal([file], preset="ffhq256")
    assert refusal([file], preset="ffhq") == "family cips has no preset 'ffhq'; it has ffhq256."
    assert "2 files were given; family cips takes one" in refusal([file, file])


# ------------------------------------------------------------------------------------------------------ the catalogue


def test_all_that_the_authors_published_is_in_the_catalogue() -> None:
    official = [entry for entry in catalog().values() if entry.family == "cips" and entry.source == "official"]
    assert {entry.preset for entry in official} == OFFICIAL.keys()
    for entry in official:
        assert (entry.task, entry.verified, entry.licence) == ("grid", False, "MIT")
        assert entry.files == (f"{entry.preset}_g_ema.pt",)
        assert entry.official.startswith("https://drive.google.com/file/d/")
        assert entry.paper_url.endswith("2011.13775")
    assert len({entry.official for entry in official}) == 4


def test_the_way_to_an_official_checkpoint_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMS_CACHE", str(tmp_path))
    entry = find("cips-landscapes")
    told = command_for(entry.family, entry.files, entry.preset, "DIR")
    assert told == "python -m zoo convert cips landscapes_g_ema.pt --preset landscapes --out DIR"
    with pytest.raises(ZooError, match=r"python -m zoo convert cips landscapes_g_ema\.pt --preset landscapes"):
        obtain(entry.name, progress=lambda fraction, what: None)


@pytest.mark.parametrize("name", ["cips-panorama", "cips-landscape"])
def test_what_is_built_in_is_as_the_catalogue_says(name: str) -> None:
    config, entry = read_config(BUILTIN / name), find(name)
    assert cips.native_size(config) == entry.native_size
    assert config["geometry"] == ("cylinder" if name == "cips-panorama" else "plane")
    shapes = {key: tuple(value.shape) for key, value in read_weights(BUILTIN / name).items()}
    assert shapes == expected_shapes(config)


def test_a_card_says_that_it_works_from_latents() -> None:
    card = model_card(find("cips-panorama"), BUILTIN / "cips-panorama", "someone/mirror")
    assert "pipeline_tag: unconditional-image-generation" in card
    assert "- Works from: latents" in card
