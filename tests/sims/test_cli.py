"""The command line: what it makes, and the one sentence it answers bad input with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file
from small_sims import bank_files, scene, sims_checkpoint

from sims.__main__ import main
from sims.generator import ImageRequest, LayoutRequest
from sims.image_files import encode_png
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import WITHOUT_WEIGHTS
from sims.provenance import read_recipe
from zoo import find

ROOT = Path(__file__).resolve().parents[2]


def noise(*shape: int, high: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, high, shape, dtype=np.uint8)


@pytest.fixture
def files(
    tmp_path: Path, tiny_spade: Path, tiny_pix2pix: Path, tiny_cyclegan: Path, tiny_sims: Path, tiny_crn: Path
) -> dict[str, Path]:
    """Inputs by name: generators, a layout in ids and in colours, instances, pictures, and files that are none."""
    layout = Layout(np.repeat(np.arange(16, dtype=np.uint8), 64).reshape(16, 64), label_space("street"))
    whole = Layout(noise(64, 64, high=20), label_space("street")).to_png()
    contents = {
        "layout.png": layout.to_png(),
        "scene.png": scene().to_png(),
        "void.png": Layout(np.full((64, 64), 19, np.uint8), label_space("street")).to_png(),
        "colours.png": encode_png(layout.colours()),
        "instances.png": layout.instances_to_png(),
        "picture.png": encode_png(noise(40, 60, 3)),
        "cut.png": whole[: len(whole) // 2],
        "text.png": b"this is no picture",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    Image.fromarray(noise(8, 8)).convert("L").save(tmp_path / "small.png")
    (tmp_path / "folder").mkdir()
    found = {path.stem: path for path in tmp_path.iterdir()}
    return found | {
        "spade": tiny_spade,
        "pix2pix": tiny_pix2pix,
        "cyclegan": tiny_cyclegan,
        "sims": tiny_sims,
        "crn": tiny_crn,
        "out": tmp_path / "out.png",
    }


def filled(command: str, files: dict[str, Path]) -> list[str]:
    return [word.format(**files) for word in command.split()]


def test_list_tells_every_generator_and_its_state(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    street = next(line for line in lines if line.startswith("spade-street "))
    assert "street" in street
    assert "512x256" in street
    assert street.endswith("  a layout of street")
    assert any(line.startswith("cyclegan-") and line.endswith("  a picture") for line in lines)
    told = {line.split()[0]: line for line in lines}
    assert len(told) == len(lines)
    for line in (told.pop(name) for name in WITHOUT_WEIGHTS):
        assert "any size   ready  " in line
        assert line.endswith("  an example of a texture")
    for name in ("segmenter-world", "vgg19"):
        assert told[name].endswith("  a picture and a style picture or an example of a texture")
    for name in ("photo-wct-world", "photo-wct"):
        assert told[name].endswith("  a picture and a style picture")
    for name, state in (("cips-panorama", "ready"), ("cips-ffhq1024", "not here, not verified")):
        height, width = find(name).native_size or (0, 0)
        assert re.fullmatch(rf"{name} +{width}x{height} +{state} +latents", told[name])
    for name, line in told.items():
        entry = find(name)
        assert (", not verified  " in line) == (not entry.verified and not entry.unsupported), line
        assert ("  not readable here  " in line) == bool(entry.unsupported), line
    assert not any(line.startswith("bank") for line in lines)


@pytest.mark.filterwarnings("error")
def test_generate_writes_a_picture_with_its_recipe(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    command = "generate {spade} --layout {layout} --style {picture} --instances {instances} --seed 5 --out {out}"
    assert main([*filled(command, files), "--option", "style_sampling=draw"]) == 0
    said = capsys.readouterr()
    assert "64x16" in said.out
    assert "256x128" in said.out
    assert said.err == ""
    recipe = read_recipe(files["out"].read_bytes())
    assert (recipe.generator, recipe.seed, recipe.options["style_sampling"]) == ("tiny-spade", 5, "draw")
    assert isinstance(recipe.request, LayoutRequest)
    np.testing.assert_array_equal(recipe.request.style, noise(40, 60, 3))
    assert recipe.request.layout.instances is not None


def test_the_same_line_makes_the_same_picture_and_another_seed_another(files: dict[str, Path], tmp_path: Path) -> None:
    made = []
    for number, seed in enumerate((3, 3, 4)):
        out = tmp_path / f"{number}.png"
        line = filled("generate {spade} --layout {layout} --device cpu", files)
        assert main([*line, "--seed", str(seed), "--out", str(out)]) == 0
        made.append(np.array(Image.open(out)))
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()


def test_ids_and_colours_of_one_layout_make_one_picture(files: dict[str, Path], tmp_path: Path) -> None:
    for name in ("layout", "colours"):
        line = filled(f"generate {{spade}} --layout {{{name}}} --out", files)
        assert main([*line, str(tmp_path / f"from-{name}.png")]) == 0
    first, second = (np.array(Image.open(tmp_path / f"from-{name}.png")) for name in ("layout", "colours"))
    np.testing.assert_array_equal(first, second)


@pytest.mark.filterwarnings("error")
def test_generate_translates_a_picture(files: dict[str, Path]) -> None:
    assert main(filled("generate {cyclegan} --image {picture} --out {out}", files)) == 0
    recipe = read_recipe(files["out"].read_bytes())
    assert isinstance(recipe.request, ImageRequest)
    np.testing.assert_array_equal(recipe.request.image, noise(40, 60, 3))


@pytest.mark.filterwarnings("error")
def test_compare_writes_one_picture_each_and_a_sheet(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*filled("compare {spade} {pix2pix} --layout {layout} --out", files), str(tmp_path / "a" / "b")]) == 0
    said = capsys.readouterr()
    assert "landscape" in said.out  # classes of the street that the landscape lacks are told
    assert said.err == ""
    names = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert names == {"tiny-spade.png", "tiny-pix2pix.png", "sheet.png"}
    for name in ("tiny-spade", "tiny-pix2pix"):
        recipe = read_recipe((tmp_path / "a" / "b" / f"{name}.png").read_bytes())
        assert recipe.generator == name
        assert isinstance(recipe.request, LayoutRequest)
        assert recipe.request.layout.space.name == "street"
    sheet = np.array(Image.open(tmp_path / "a" / "b" / "sheet.png"))
    assert sheet.shape[1] >= 2 * 128
    spade = np.array(Image.open(tmp_path / "a" / "b" / "tiny-spade.png"))
    windows = np.lib.stride_tricks.sliding_window_view(sheet, spade.shape)
    assert (windows[:, :, 0, 0] == spade[0, 0]).all(-1).any()


@pytest.mark.filterwarnings("error")
def test_generate_takes_the_options_of_sims(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    command = "generate {sims} --layout {scene} --option variety=diverse --option candidates=2:3 --seed 4 --out {out}"
    assert main([*filled(command, files), "--option", "completion=on", "--option", "rules=released"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "512x256" in said.out
    recipe = read_recipe(files["out"].read_bytes())
    assert recipe.options == {
        **{"variety": "diverse", "candidates": "2:3", "completion": "on", "rules": "released"},
    }


def test_crn_makes_another_of_its_pictures_with_another_seed(files: dict[str, Path], tmp_path: Path) -> None:
    made = []
    for seed in ("0", "1", "3"):
        line = filled("generate {crn} --layout {scene} --label-space street --out", files)
        assert main([*line, str(tmp_path / f"{seed}.png"), "--seed", seed]) == 0
        made.append(np.array(Image.open(tmp_path / f"{seed}.png")))
    np.testing.assert_array_equal(made[0], made[2])
    assert (made[0] != made[1]).any()


def test_a_bank_of_ones_own_serves_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures and layouts in folders become a bank inside the checkpoint's folder, and what it lacks is told."""
    own = bank_files(tmp_path / "own", lacking=("car",), frames=("000000", "000011", "000035"))
    folder, out = sims_checkpoint(tmp_path / "checkpoint", None), tmp_path / "out.png"
    (tmp_path / "scene.png").write_bytes(scene().to_png())
    line = ["generate", str(folder), "--layout", str(tmp_path / "scene.png"), "--out", str(out)]
    assert main(line) == 2
    said = capsys.readouterr().err
    assert "has no memory bank; build one with python -m sims bank build into the folder" in said
    assert is_one_sentence(said)
    build = ["bank", "build", "--images", str(own / "images"), "--labels", str(own / "labels"), "--label-space"]
    assert main([*build, "street", "--lossless", "--out", str(folder / "bank")]) == 0
    assert "segments of 3 frames" in capsys.readouterr().out
    assert main(line) == 0
    assert "Nothing in the memory fits some of the car of this layout" in capsys.readouterr().out
    assert np.array(Image.open(out)).shape == (256, 512, 3)
    weights = folder / "bank" / "model.safetensors"
    blob, data = load_file(weights)["pictures.bytes"].tobytes(), weights.read_bytes()
    weights.write_bytes(data.replace(blob, blob[::-1]))
    moved = folder.rename(tmp_path / "damaged")  # what is loaded is kept
    assert main([*line[:1], str(moved), *line[2:]]) == 2
    said = capsys.readouterr().err
    assert "is a damaged bank: the picture of its frame" in said
    assert is_one_sentence(said)


BAD = {
    "no command": ("", "COMMAND"),
    "unknown command": ("paint", "paint"),
    "unknown flag": ("generate {spade} --layout {layout} --out {out} --loud", "--loud"),
    "shortened flag": ("generate {spade} --lay {layout} --out {out}", "--lay"),
    "no output": ("generate {spade} --layout {layout}", "--out"),
    "no input": ("generate {spade} --out {out}", "--layout"),
    "two inputs": ("generate {spade} --layout {layout} --image {picture} --out {out}", "--image"),
    "unknown name": ("generate spade-stret --layout {layout} --out {out}", "spade-street"),
    "a features network": ("generate segmenter-world --layout {layout} --out {out}", "segmenter-world"),
    "folder without checkpoint": ("generate {folder} --layout {layout} --out {out}", "folder"),
    "file instead of folder": ("generate {layout} --layout {layout} --out {out}", "layout.png"),
    "missing layout": ("generate {spade} --layout {folder}/no.png --out {out}", "no.png"),
    "layout is a folder": ("generate {spade} --layout {folder} --out {out}", "folder"),
    "layout is no picture": ("generate {spade} --layout {text} --out {out}", "layout"),
    "truncated layout": ("generate {spade} --layout {cut} --out {out}", "layout"),
    "layout of wrong ids": ("generate {spade} --layout {small} --out {out}", "street"),
    "unknown label space": ("generate {spade} --layout {layout} --label-space mars --out {out}", "mars"),
    "unknown encoding": ("generate {spade} --layout {layout} --encoding morse --out {out}", "morse"),
    "instances of other size": ("generate {spade} --layout {layout} --instances {small} --out {out}", "8x8"),
    "missing instances": ("generate {spade} --layout {layout} --instances {folder}/i.png --out {out}", "i.png"),
    "image for a layout generator": ("generate {spade} --image {picture} --out {out}", "layout"),
    "layout for an image generator": ("generate {cyclegan} --layout {layout} --out {out}", "--image"),
    "style with an image": ("generate {cyclegan} --image {picture} --style {picture} --out {out}", "--style"),
    "space with an image": ("generate {cyclegan} --image {picture} --label-space street --out {out}", "--label-space"),
    "missing image": ("generate {cyclegan} --image {folder}/no.png --out {out}", "no.png"),
    "image is a folder": ("generate {cyclegan} --image {folder} --out {out}", "folder"),
    "image is no picture": ("generate {cyclegan} --image {text} --out {out}", "picture"),
    "truncated image": ("generate {cyclegan} --image {cut} --out {out}", "cut short"),
    "style where none is taken": ("generate {pix2pix} --layout {layout} --style {picture} --out {out}", "style"),
    "missing style": ("generate {spade} --layout {layout} --style {folder}/s.png --out {out}", "s.png"),
    "negative seed": ("generate {spade} --layout {layout} --seed -1 --out {out}", "-1"),
    "large seed": ("generate {spade} --layout {layout} --seed 4294967296 --out {out}", "4294967295"),
    "seed of letters": ("generate {spade} --layout {layout} --seed abc --out {out}", "abc"),
    "unknown option": ("generate {spade} --layout {layout} --option mood=good --out {out}", "mood"),
    "unknown value": ("generate {spade} --layout {layout} --option style_sampling=x --out {out}", "style_sampling"),
    "option without value": ("generate {spade} --layout {layout} --option style_sampling --out {out}", "NAME=VALUE"),
    "unknown device": ("generate {spade} --layout {layout} --device abacus --out {out}", "abacus"),
    "wrong extension": ("generate {spade} --layout {layout} --out {folder}/a.jpg", ".png"),
    "output is a folder": ("generate {spade} --layout {layout} --out {folder}.png/../folder", ".png"),
    "output under a file": ("generate {spade} --layout {layout} --out {text}/a.png", "text.png"),
    "output of a long name": ("generate {spade} --layout {layout} --out {folder}/" + 300 * "x" + ".png", "xxx"),
    "no such candidate": ("generate {sims} --layout {scene} --option candidates=1:0,9:9 --out {out}", "has 5"),
    "candidates of letters": ("generate {sims} --layout {scene} --option candidates=a --out {out}", "SEGMENT:RANK"),
    "void layout": ("generate {sims} --layout {void} --out {out}", "void everywhere"),
    "an option of another": ("generate {crn} --layout {scene} --option variety=best --out {out}", "variety"),
    "a bank": ("generate bank-street --layout {scene} --out {out}", "bank-street"),
    "a bank in a folder": ("generate {sims}/bank --layout {scene} --out {out}", "family"),
    "compare one twice": ("compare {spade} {spade} --layout {layout} --out {folder}/new", "tiny-spade"),
    "compare an image generator": ("compare {spade} {cyclegan} --layout {layout} --out {folder}/new", "tiny-cyclegan"),
    "compare led by an image generator": ("compare {cyclegan} --layout {layout} --out {folder}/new", "tiny-cyclegan"),
    "compare into a file": ("compare {spade} --layout {layout} --out {text}", "text.png"),
    "compare one not at hand": ("compare {spade} spade-coco --layout {layout} --out {folder}/new", "spade-coco"),
    "compare nothing": ("compare --layout {layout} --out {folder}/new", "NAME"),
}


def is_one_sentence(text: str) -> bool:
    """One line that ends as a sentence does, and holds no other sentence end."""
    return re.fullmatch(r"[^\n]+[.?]\n", text) is not None and re.search(r"[.?!] [A-Z]", text) is None


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case: str, files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    command, told = BAD[case]
    before = contents(files["folder"].parent)
    assert main(filled(command, files)) == 2
    said = capsys.readouterr().err
    assert is_one_sentence(said), said
    assert told in said, said
    assert contents(files["folder"].parent) == before


def sims(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-m", "sims", *arguments], cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.slow
def test_the_built_in_generators_make_pictures(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    sims_street = ["zoo/builtin/sims-street", "--option", "variety=diverse"]
    for name in (sims_street, ["crn-street"], ["sims-street-no-memory"], ["sims-street-no-simulation"]):
        line = ["generate", *name, *filled("--layout {scene} --out {out}", files)]
        assert main(line) == 0
        assert np.array(Image.open(files["out"])).std() > 10
        assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_the_real_process_is_quiet_on_standard_error_and_exits_as_promised(files: dict[str, Path]) -> None:
    good = sims(*filled("generate {spade} --layout {layout} --out {out}", files))
    out, err = good.communicate(timeout=120)
    assert (good.returncode, err) == (0, "")
    assert str(files["out"]) in out
    bad = sims(*filled("generate {spade} --layout {text} --out {out}", files))
    _, err = bad.communicate(timeout=120)
    assert bad.returncode == 2
    assert is_one_sentence(err), err


@pytest.mark.slow
def test_an_interruption_is_clean(files: dict[str, Path], tmp_path: Path) -> None:
    """A style picture that never comes keeps the program waiting where Ctrl-C reaches it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = sims(*filled("generate {spade} --layout {layout} --out {out} --style", files), str(pipe))
    until = time.monotonic() + 120
    writer = None
    while writer is None and process.poll() is None and time.monotonic() < until:
        try:
            writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # fails until the program opens the other end
        except OSError:
            time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert writer is not None
    os.close(writer)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    assert not files["out"].exists()
