"""CRN and SIMS: the published networks' variables, and their checkpoints made into the project's."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from convert_cases import KEYS
from sims_goldens import GOLDENS, rule
from tf_bundle import write
from torch import nn

from sims.crn import CascadedRefinement
from sims.memory.completion import CompletionNetwork
from sims.memory.order import OrderNetwork
from sims.memory.synthesis import SynthesisNetwork
from sims.memory.transform import TransformNetwork
from zoo.__main__ import main
from zoo.catalog import find
from zoo.convert import FAMILIES, ConvertError, checked_config, convert, expected_shapes
from zoo.convert.config import Shapes
from zoo.files import read_config, read_weights
from zoo.hub import availability

CRN: dict[str, Any] = {"size": [256, 512], "width": 1 / 16, "pictures": 9, "label_space": "street"}
SIMS: dict[str, Any] = {
    **{"size": [256, 512], "label_space": "street", "colour_order": "bgr", "memory": "bank", "bank": "bank-street"},
    **{"synthesis_width": 1 / 16, "transform_width": 1 / 16, "order_width": 1 / 16, "completion_width": None},
}
BANK: dict[str, Any] = {
    **{"label_space": "street", "size": [256, 512], "segments": 9, "frames": 2, "minimum_area": 100},
    **{"source": "own", "licence": "MIT", "origin": "two pictures"},
}
NETWORKS = ("transform", "order", "synthesis")


def key_list(name: str) -> tuple[Shapes, int]:
    """The tensors, as PyTorch has them, and the number of parameters of a published network."""
    recorded = json.loads((KEYS / f"{name}.json").read_text())
    shapes = {key.replace("/", "."): torch_shape(tuple(shape)) for key, shape in recorded["variables"].items()}
    return shapes, recorded["parameters"]


def torch_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return {4: (*shape[:1:-1], *shape[:2]), 2: shape[::-1]}.get(len(shape), shape)


def crn(preset: str, **change: Any) -> Shapes:
    return expected_shapes({"family": "crn"} | FAMILIES["crn"].presets[preset] | change)


def sims(**change: Any) -> Shapes:
    return expected_shapes({"family": "sims"} | SIMS | change)


def part(shapes: Mapping[str, Any], network: str) -> dict[str, Any]:
    """What of a SIMS checkpoint belongs to one of its networks, under the network's own names."""
    return {name.removeprefix(f"{network}."): one for name, one in shapes.items() if name.startswith(f"{network}.")}


def shapes_of(build: Callable[[], nn.Module]) -> Shapes:
    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in build().state_dict().items()}


# -------------------------------------------------------------------------------------------------- names and shapes


@pytest.mark.parametrize(
    ("preset", "count"), [("256p", 97_875_483), ("512p", 98_622_851), ("1024p", 98_674_531), ("gta", 97_875_483)]
)
def test_crn_presets_are_the_published_networks(preset: str, count: int) -> None:
    wanted, parameters = key_list(f"crn_{preset}")
    assert crn(preset) == wanted
    assert sum(map(math.prod, wanted.values())) == parameters == count


@pytest.mark.parametrize(("side", "count"), [(256, 55_671_319), (512, 56_138_903), (1024, 56_138_987)])
def test_sims_presets_are_the_published_networks(side: int, count: int) -> None:
    shapes = expected_shapes({"family": "sims"} | FAMILIES["sims"].presets[str(side)])
    counts = {"synthesis": count, "transform": 14_734_086, "order": 15_267_476}
    for network, number in counts.items():
        wanted, parameters = key_list(f"sims_{network}_{side}" if network == "synthesis" else f"sims_{network}")
        assert part(shapes, network) == wanted
        assert sum(map(math.prod, wanted.values())) == parameters == number
    assert {name.split(".")[0] for name in shapes} == counts.keys()


@pytest.mark.parametrize("width", [1.0, 1 / 16, 0.3, 1 / 64])
@pytest.mark.parametrize("height", [256, 512, 1024])
def test_networks_hold_what_their_configurations_say(height: int, width: float) -> None:
    size = [height, 2 * height]
    assert crn("1024p", size=size, width=width) == shapes_of(lambda: CascadedRefinement(height, width, outputs=3))
    widths = {f"{network}_width": width for network in (*NETWORKS, "completion")}
    shapes = sims(size=size, **widths)
    builders: dict[str, Callable[[], nn.Module]] = {
        "synthesis": lambda: SynthesisNetwork(height, width),
        "transform": lambda: TransformNetwork(width),
        "order": lambda: OrderNetwork(width),
        "completion": lambda: CompletionNetwork(height, width),
    }
    for network, build in builders.items():
        assert part(shapes, network) == shapes_of(build), network


def test_networks_that_are_left_out_have_no_tensors() -> None:
    alone = sims(memory="none", bank=None, transform_width=None, order_width=None)
    assert {name.split(".")[0] for name in alone} == {"synthesis"}
    assert {name.split(".")[0] for name in sims(order_width=None)} == {"synthesis", "transform"}


def test_scaled_networks_keep_what_has_a_meaning() -> None:
    smallest = crn("1024p", width=1 / 64)
    assert smallest["g_1024_conv2.weights"] == (1, 1, 3, 3)
    assert smallest["g_1024_conv100.weights"] == (3, 1, 1, 1)
    small = sims()
    assert small["transform.g_transform_param"] == (6, 32)
    assert small["order.g_selection_classify.weights"] == (20, 64, 1, 1)
    assert small["synthesis.g_semantic_256_conv100.weights"] == (20, 16, 1, 1)


@pytest.mark.parametrize(
    ("family", "base", "change", "named"),
    [
        ("crn", CRN, {"size": [256, 256]}, "'size' is [256, 256]"),
        ("crn", CRN, {"size": [300, 600]}, "'size' is [300, 600]"),
        ("crn", CRN, {"width": 0}, "'width' is 0"),
        ("crn", CRN, {"width": True}, "'width' is True"),
        ("crn", CRN, {"width": None}, "'width' is None"),
        ("crn", CRN, {"pictures": 10}, "'pictures' is 10"),
        ("crn", CRN, {"label_space": "cityscapes"}, "'label_space' is 'cityscapes'"),
        ("crn", CRN, {"head": "classes"}, "'head' is 'classes'"),
        ("sims", SIMS, {"size": [128, 256]}, "'size' is [128, 256]"),
        ("sims", SIMS, {"synthesis_width": None}, "'synthesis_width' is None"),
        ("sims", SIMS, {"order_width": 5}, "'order_width' is 5"),
        ("sims", SIMS, {"colour_order": "grb"}, "'colour_order' is 'grb'"),
        ("sims", SIMS, {"memory": "disk"}, "'memory' is 'disk'"),
        ("sims", SIMS, {"memory": "none"}, "'transform_width' is 0.0625; with memory none it must be null"),
        ("sims", SIMS, {"memory": "none", "transform_width": None}, "'order_width'"),
        ("sims", SIMS, {"memory": "none", "transform_width": None, "order_width": None}, "'bank' is 'bank-street'"),
        ("sims", SIMS, {"bank": "../bank"}, "'bank' is '../bank'"),
        ("sims", SIMS, {"minimum_area": 99}, "'minimum_area' is 99; accepted is a whole number from 100 to 131072"),
        ("bank", BANK, {"size": [256, 256]}, "'size' is [256, 256]"),
        ("bank", BANK, {"segments": 0}, "'segments' is 0"),
        ("bank", BANK, {"source": "stolen"}, "'source' is 'stolen'"),
        ("bank", BANK, {"licence": "one\ntwo"}, "'licence'"),
    ],
)
def test_a_wrong_field_is_named(family: str, base: dict[str, Any], change: dict[str, Any], named: str) -> None:
    assert checked_config({"family": family} | base)["family"] == family
    with pytest.raises(ConvertError) as error:
        checked_config({"family": family} | base | change)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


def test_a_bank_is_built_and_not_converted(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="python -m sims bank build makes one"):
        convert("bank", [tmp_path / "x"], tmp_path / "out")
    with pytest.raises(ConvertError, match="follow from its segments"):
        expected_shapes({"family": "bank"} | BANK)


# --------------------------------------------------------------------------------------------------------- conversion


def saved(prefix: Path, shapes: Shapes, shards: int = 1) -> dict[str, np.ndarray]:
    """A checkpoint as TensorFlow writes it, with the slots of Adam; and its weights as PyTorch has them."""
    seeded = {}
    for name, shape in shapes.items():
        before = {4: (*shape[2:], *shape[1::-1]), 2: shape[::-1]}.get(len(shape), shape)
        seeded[name.replace(".", "/")] = rule.seeded_variable(name.replace(".", "/"), before)
    slots = {f"{name}/{slot}": array * 0 for name, array in seeded.items() for slot in ("Adam", "Adam_1")}
    powers = {name: np.float32(0.9) for name in ("beta1_power", "beta2_power")}
    write(prefix, seeded | slots | {name: np.asarray(power) for name, power in powers.items()}, shards)
    return {name.replace("/", "."): rule.to_torch_layout(array) for name, array in seeded.items()}


def assert_holds(folder: Path, wanted: Mapping[str, np.ndarray]) -> None:
    tensors = read_weights(folder)
    assert tensors.keys() == wanted.keys()
    for name, array in wanted.items():
        assert torch.equal(tensors[name], torch.from_numpy(array)), name
    assert expected_shapes(read_config(folder)) == {name: tuple(tensor.shape) for name, tensor in tensors.items()}


@pytest.mark.parametrize("preset", ["256p", "512p", "1024p", "gta"])
def test_crn_is_converted_to_exactly_its_variables(preset: str, tmp_path: Path) -> None:
    wanted = saved(tmp_path / "model.ckpt", crn(preset, width=1 / 16))
    folder = convert("crn", [tmp_path / "model.ckpt"], tmp_path / "out")
    assert_holds(folder, wanted)
    config = FAMILIES["crn"].presets[preset] | {"width": 1 / 16}
    assert {name: read_config(folder)[name] for name in config} == config
    network = CascadedRefinement(config["size"][0], 1 / 16, outputs=3 * config["pictures"])
    network.load_state_dict(read_weights(folder), strict=True)


def test_crn_of_several_data_files_and_an_odd_width(tmp_path: Path) -> None:
    wanted = saved(tmp_path / "model.ckpt", crn("256p", width=0.07), shards=3)
    assert_holds(convert("crn", [tmp_path / "model.ckpt.index"], tmp_path / "out"), wanted)


def test_preset_must_be_that_of_the_checkpoint(tmp_path: Path) -> None:
    saved(tmp_path / "model.ckpt", crn("256p", width=1 / 16))
    with pytest.raises(ConvertError, match=r"model\.ckpt is not what its config describes: .* expected tensors"):
        convert("crn", [tmp_path / "model.ckpt"], tmp_path / "out", preset="512p")
    assert not (tmp_path / "out").exists()


def three(folder: Path, side: int = 256) -> tuple[dict[str, Path], dict[str, np.ndarray]]:
    """The three checkpoints of a small SIMS, and all their weights under their prefixes."""
    shapes = sims(size=[side, 2 * side])
    prefixes = {network: folder / network / "0100" / "model.ckpt" for network in NETWORKS}
    weights = {network: saved(prefix, part(shapes, network)) for network, prefix in prefixes.items()}
    return prefixes, {f"{network}.{name}": one for network in NETWORKS for name, one in weights[network].items()}


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_sims_is_one_checkpoint_of_three(side: int, tmp_path: Path) -> None:
    prefixes, wanted = three(tmp_path, side)
    folder = convert("sims", list(prefixes.values()), tmp_path / "out", config={"bank": "bank-street"})
    assert_holds(folder, wanted)
    config = SIMS | {"size": [side, 2 * side], "minimum_area": 1000, "family": "sims"}
    assert {name: read_config(folder)[name] for name in config} == config
    again = convert("sims", list(prefixes.values())[::-1], tmp_path / "again")
    assert read_config(again) == read_config(folder) | {"bank": None}
    assert (again / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_sims_needs_one_of_each(tmp_path: Path) -> None:
    prefixes, _ = three(tmp_path)
    transform, order, synthesis = prefixes.values()
    saved(tmp_path / "crn.ckpt", crn("256p", width=1 / 64))
    for given, reason in [
        ([transform, order], "is not of family sims: it looks like a network of SIMS: use family sims with all three"),
        ([synthesis, order, order], "two checkpoints of the order network were given"),
        ([synthesis, transform, tmp_path / "crn.ckpt"], "is of no network that family sims converts"),
    ]:
        with pytest.raises(ConvertError) as error:
            convert("sims", given, tmp_path / "out")
        assert reason in str(error.value)
    with pytest.raises(ConvertError, match=r"44 of 179 expected tensors are missing \(order\.g_selection_conv1\."):
        convert("sims", [synthesis, transform], tmp_path / "out", config={"order_width": 1 / 16})
    assert not (tmp_path / "out").exists()


def test_networks_of_other_widths_are_refused_by_name(tmp_path: Path) -> None:
    """These goldens of TensorFlow are networks whose layers were not all narrowed alike."""
    for name, reason in [
        ("ckpt_crn_small_27", "have another shape (g_32_conv1.weights is (16, 44, 3, 3) instead of (24, 44, 3, 3)"),
        ("ckpt_sims_order_small", "is not of family crn: it looks like a network of SIMS"),
    ]:
        with pytest.raises(ConvertError) as error:
            convert("crn", [GOLDENS / name / "model.ckpt"], tmp_path / "out")
        assert reason in str(error.value)


def test_pytorch_families_say_what_a_crn_is(tmp_path: Path) -> None:
    state = {name: torch.zeros(shape) for name, shape in crn("256p", width=1 / 64).items()}
    torch.save(state, tmp_path / "crn.pth")
    with pytest.raises(ConvertError, match="it looks like a cascaded refinement network: use family crn"):
        convert("pix2pix", [tmp_path / "crn.pth"], tmp_path / "out")


# ------------------------------------------------------------------------------------------------ command line, entries


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "crn.ckpt", crn("256p", width=1 / 64))
    assert main(["convert", "crn", str(tmp_path / "crn.ckpt"), "--out", str(tmp_path / "crn")]) == 0
    prefixes, wanted = three(tmp_path)
    options = [word for network in NETWORKS for word in (f"--{network}", str(prefixes[network]))]
    out = ["--out", str(tmp_path / "sims"), "--bank", "bank-street"]
    assert main(["convert", "sims", *options, *out]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / "crn"), str(tmp_path / "sims")]
    assert_holds(tmp_path / "sims", wanted)
    assert read_config(tmp_path / "sims")["bank"] == "bank-street"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["sims", "--order", "a", "--out", "o"], "required: --transform, --synthesis"),
        (["sims", "model.ckpt", "--out", "o"], "required: --transform, --order, --synthesis"),
        (["crn", "a", "--bank", "b", "--out", "o"], "Unrecognized arguments: --bank b"),
        (["crn", "gone.ckpt", "--out", "o"], "gone.ckpt.index is not there"),
        (["crn", "gone.ckpt", "--out", "o", "--preset", "256"], "family crn has no preset '256'; it has 256p"),
        (["bank", "a", "--out", "o"], "invalid choice: 'bank'"),
    ],
)
def test_commands_that_cannot_be_carried_out(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", *arguments]) == 2
    sentence = capsys.readouterr().err
    assert reason in sentence
    assert sentence.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("crn-gta-256p", "crn result_GTA/model.ckpt --preset gta --out "),
        (
            "sims-cityscapes-512",
            "sims --transform trainedmodels/transform/0100/model.ckpt --order trainedmodels/order/0100/model.ckpt"
            " --synthesis trainedmodels/synthesis/synthesis_512/0100/model.ckpt --preset 512 --out ",
        ),
    ],
)
def test_entries_tell_the_command_that_converts_them(name: str, command: str, cache: Path) -> None:
    reason = availability(find(name)).reason
    assert f"python -m zoo convert {command}" in reason
    assert f"from {find(name).official} ({find(name).official_note}), then" in reason
    assert f"{find(name).files[-2]} and {find(name).files[-1]} from" in reason
