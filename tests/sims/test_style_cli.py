"""stylize, texture and spade-pis: what they write, what they tell, and one sentence for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from sims.__main__ import main
from sims.generator import StyleRequest, TextureRequest
from sims.label_space import label_space
from sims.load import load
from sims.provenance import read_recipe
from sims.segmentation import segment
from sims.style.label_maps import label_map_png
from sims.world import World


@pytest.fixture
def files(tmp_path: Path, tiny_photo_wct: Path, tiny_spade: Path, tiny_cyclegan: Path) -> dict[str, str]:
    """Files of every kind, and where to write, by the names that command lines below call them."""
    pictures = {"content": data.chelsea()[60:133, 100:201], "style": data.coffee()[:90, :120]}
    pictures["street"] = World().read("street", World().frames("street", "held_out")[0].number).picture
    found = {"out": tmp_path / "out.png", "pis": tiny_photo_wct, "spade": tiny_spade, "cyclegan": tiny_cyclegan}
    for name, picture in pictures.items():
        found[name] = tmp_path / f"{name}.png"
        Image.fromarray(picture).save(found[name])
    found["large"] = tmp_path / "large.png"
    Image.new("RGB", (2049, 2048)).save(found["large"])
    found["wide"] = tmp_path / "wide.png"
    Image.new("RGB", (1025, 1024)).save(found["wide"])
    halves = np.zeros((20, 30), np.uint8)
    halves[:, 15:] = 200
    for name, labels in (("halves", halves), ("turned", halves.T), ("layout", np.full_like(halves, 10))):
        found[name] = tmp_path / f"{name}.png"
        found[name].write_bytes(label_map_png(labels))
    return {name: str(path) for name, path in found.items()}


def run(command: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command line that succeeds prints."""
    assert main(command.format(**files).split()) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_stylize_writes_a_picture_of_the_contents_size_with_its_recipe(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = "stylize {content} {style} --model {pis} --smoothing fast --strength 0.75 --out {out}"
    assert "101x73" in run(command, files, capsys)
    recipe = read_recipe(Path(files["out"]).read_bytes())
    assert isinstance(recipe.request, StyleRequest)
    assert (recipe.request.strength, recipe.options["smoothing"]) == (0.75, "fast")
    made = load(files["pis"]).generate(recipe.request, seed=recipe.seed)
    assert (made.image == np.asarray(Image.open(files["out"]))).all()


def test_stylize_pairs_the_regions_of_label_maps(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command = "stylize {content} {style} --content-layout {halves} --style-layout {turned} --smoothing off --out {out}"
    run(command, files, capsys)
    matched = np.asarray(Image.open(files["out"])).astype(int)
    run(f"{command} --pair 0:200 --pair 200:none", files, capsys)
    paired = np.asarray(Image.open(files["out"])).astype(int)
    request = read_recipe(Path(files["out"]).read_bytes()).request
    assert isinstance(request, StyleRequest)
    assert request.pairs == {0: 200, 200: None}
    assert abs(matched - paired).mean() > 2


def test_stylize_finds_regions_itself(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command = "stylize {content} {street} --regions street --model {pis} --smoothing off --pair 10:none --out {out}"
    told = run(command, files, capsys)
    found = segment(np.asarray(Image.open(files["street"])), "street")
    ids, counts = np.unique(found.ids, return_counts=True)
    most, share = int(ids[counts.argmax()]), counts.max() / found.ids.size
    largest = f"{most} {found.space.by_id[most].name} ({share:.1%})"
    assert f"Regions of the style picture: {largest}, " in told
    assert "Regions of the content picture: " in told
    names = {each.name for each in found.space.classes}
    for note in (line for line in told.splitlines() if line.startswith("Regions left")):
        assert set(note.removesuffix(".").partition(": ")[2].split(", ")) <= names, note
    request = read_recipe(Path(files["out"]).read_bytes()).request
    assert isinstance(request, StyleRequest)
    assert request.style_labels is not None
    assert request.style_labels.shape == (256, 512)


def test_gatys_takes_the_built_in_trunk(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command = "stylize {content} {style} --method gatys --option steps=2 --out {out}"
    assert "101x73" in run(command, files, capsys)
    assert read_recipe(Path(files["out"]).read_bytes()).generator == "segmenter-world"


@pytest.mark.parametrize(
    ("method", "generator", "option"),
    [("steerable", "steerable", "iterations=2"), ("gatys", "segmenter-world", "steps=2")],
)
def test_texture_makes_the_size_that_was_asked_for(
    method: str, generator: str, option: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(f"texture {{style}} --size 64x96 --method {method} --option {option} --seed 5 --out {{out}}", files, capsys)
    recipe = read_recipe(Path(files["out"]).read_bytes())
    assert isinstance(recipe.request, TextureRequest)
    assert (recipe.generator, recipe.seed, recipe.request.size) == (generator, 5, (64, 96))
    assert np.asarray(Image.open(files["out"])).shape == (64, 96, 3)


def test_spade_pis_tells_the_time_of_every_station(files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    command = "spade-pis {spade} --layout {layout} --style {street} --model {pis} --smoothing fast --seed 4 --out {out}"
    told = run(command, files, capsys)
    for station in ("tiny-spade", "layout of the style picture", "stylise", "smooth", "filter"):
        assert any(station in line and line.endswith(" s") for line in told.splitlines()), station
    request = read_recipe(Path(files["out"]).read_bytes()).request
    assert isinstance(request, StyleRequest)
    assert request.content_labels is not None
    assert set(np.unique(request.content_labels)) == {10}
    told = run(command + " --style-layout {layout}", files, capsys)
    assert "layout of the style picture" not in told


def test_spade_pis_takes_both_layouts_in_the_space_of_the_content(
    files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    space = label_space("cityscapes")
    halves = np.full((32, 64), space.id_of("road"), np.uint8)
    halves[:16] = space.id_of("sky")
    Path(files["layout"]).write_bytes(label_map_png(halves))
    command = "spade-pis {spade} --layout {layout} --label-space cityscapes --style {street} --style-layout {layout}"
    options = (
        "--model {pis} --smoothing fast --style-option depth=2 --style-option post_filter=off --seed 4 --out {out}"
    )
    told = run(f"{command} {options}", files, capsys)
    assert not any(line.startswith("Regions left") for line in told.splitlines())
    recipe = read_recipe(Path(files["out"]).read_bytes())
    assert isinstance(recipe.request, StyleRequest)
    assert recipe.request.content_labels is not None
    assert recipe.request.style_labels is not None
    assert set(np.unique(recipe.request.content_labels)) == set(np.unique(halves))
    assert (recipe.request.style_labels == halves).all()
    assert (recipe.options["depth"], recipe.options["post_filter"]) == ("2", "off")
    origin = recipe.request.content_origin
    assert origin.startswith("tiny-spade, revision ")
    assert origin.endswith(", seed 4")
    assert f"The content picture was made by {origin}." in told


@pytest.mark.parametrize("given", ["--model vgg19", "--model photo-wct", "--model photo-wct --smoothing fast"])
def test_a_model_that_is_not_here_says_so(
    given: str, files: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMS_OFFLINE", "1")
    name = given.split()[1]
    assert main(f"stylize {{content}} {{style}} {given} --out {{out}}".format(**files).split()) == 2
    error = capsys.readouterr().err
    assert name in error
    assert "SIMS_OFFLINE" in error
    assert error.count("\n") == 1
    wrong = f"stylize {{content}} {{style}} {given} --option colour=red --out {{out}}"
    assert main(wrong.format(**files).split()) == 2
    assert f"{name} has no option 'colour'" in capsys.readouterr().err


def test_a_texture_of_a_model_that_is_not_here_says_so(
    files: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMS_OFFLINE", "1")
    command = "texture {style} --size 64x64 --model vgg19 --option steps=2 --out {out}"
    assert main(command.format(**files).split()) == 2
    assert "SIMS_OFFLINE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("stylize {content} {style} --out {out}.jpg", "its name must end in .png"),
        ("stylize {content} missing.png --out {out}", "The style picture, missing.png, does not exist"),
        ("stylize {large} {style} --out {out}", "The content picture is 2049x2048; give at most 4194304 pixels"),
        ("stylize {content} {style} --strength 1.5 --out {out}", "'1.5' is no number from 0 to 1"),
        ("stylize {content} {style} --strength nan --out {out}", "'nan' is no number from 0 to 1"),
        ("stylize {content} {style} --smoothing some --out {out}", "invalid choice: 'some'"),
        ("stylize {content} {style} --content-layout {halves} --out {out}", "The style picture has no label map"),
        ("stylize {content} {style} --content-layout {style} --style-layout {halves} --out {out}", "holds colours"),
        ("stylize {content} {style} --pair 1:2 --out {out}", "give both label maps"),
        ("stylize {content} {style} --pair 1-2 --out {out}", "is not of the form ID:ID or ID:none"),
        ("stylize {content} {style} --regions street --style-layout {halves} --out {out}", "are left out"),
        (
            "stylize {content} {style} --method gatys --model {pis} --out {out}",
            "of family photo_wct, and cannot",
        ),
        ("stylize {content} {style} --model {spade} --out {out}", "of family spade, and cannot carry out pis or gatys"),
        ("stylize {content} {style} --method gatys --smoothing exact --out {out}", "has no option 'smoothing'"),
        (
            "stylize {large} {style} --model vgg19 --out {out}",
            "The content picture is 2049x2048; give at most 4194304 pixels",
        ),
        (
            "stylize {wide} {style} --model vgg19 --out {out}",
            "The content picture is 1025x1024; vgg19 makes at most 1048576 pixels, such as 1024x1024.",
        ),
        (
            "stylize {wide} {style} --method gatys --out {out}",
            "The content picture is 1025x1024; segmenter-world makes at most 1048576 pixels, such as 1024x1024.",
        ),
        ("stylize {content} {style} --option smoothing=fast --smoothing off --out {out}", "give one of them"),
        ("stylize {content} {style} --option depth=1 --option depth=2 --out {out}", "names 'depth' more than once"),
        ("stylize {content} {style} --pair 1:2 --pair 1:none --out {out}", "gives region 1 of the content more than"),
        (
            "spade-pis {spade} --layout {layout} --style {style} --smoothing off --style-option smoothing=fast"
            " --out {out}",
            "--smoothing and --style-option smoothing= say the same thing twice",
        ),
        (
            "spade-pis {spade} --layout {layout} --style {style} --style-option colour=red --out {out}",
            "has no option 'colour'",
        ),
        (
            "spade-pis {spade} --layout {layout} --style {style} --style-label-space street --out {out}",
            "--style-label-space goes with --style-layout",
        ),
        ("texture {style} --size 64 --out {out}", "'64' is not of the form HEIGHTxWIDTH"),
        ("texture {style} --size 16x64 --out {out}", "each side is a whole number from 32 to 2048"),
        ("texture {style} --size 64x64 --model {pis} --out {out}", "cannot carry out steerable or gatys"),
        ("spade-pis {cyclegan} --layout {layout} --style {style} --out {out}", "name a layout generator"),
        (
            "spade-pis {spade} --layout {layout} --style {style} --model segmenter-world --out {out}",
            "cannot carry out pis",
        ),
        ("spade-pis {spade} --layout {style} --style {style} --out {out}", "layout"),
    ],
)
def test_bad_input_ends_in_one_sentence(
    command: str, told: str, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.format(**files).split()) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not Path(files["out"]).exists()
