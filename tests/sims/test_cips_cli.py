"""The commands that work from latents, run as a person runs them, on the built-in checkpoints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sims.__main__ import main
from sims.grid_request import GridRequest
from sims.latent_files import latent_npy, read_latent
from sims.load import card
from sims.provenance import read_recipe

PANORAMA, PLANE = "cips-panorama", "cips-landscape"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def grid(path: Path) -> GridRequest:
    request = read_recipe(path.read_bytes()).request
    assert isinstance(request, GridRequest)
    return request


def test_a_picture_of_a_seed_has_the_size_asked_for_and_its_recipe(tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    words = ("--seed", 5, "--size", "24x40", "--truncation", 0.5, "--noise", "seeded", "--out", out)
    assert run("generate", PLANE, *words) == 0
    with Image.open(out) as image:
        assert image.size == (40, 24)
    recipe = read_recipe(out.read_bytes())
    assert recipe.seed == 5
    assert recipe.options["noise"] == "seeded"
    assert grid(out).truncation == 0.5


def test_a_latent_file_takes_the_place_of_the_seed(tmp_path: Path) -> None:
    layers, length = card(PLANE).latents
    rng = np.random.default_rng(1)
    for shape in ((length,), (layers, length)):
        file = tmp_path / "latent.npy"
        file.write_bytes(latent_npy(rng.standard_normal(shape)))
        out = tmp_path / f"{len(shape)}.png"
        assert run("generate", PLANE, "--latent", file, "--size", "16x16", "--out", out) == 0
        assert grid(out).style.space == "w"
        latent = grid(out).style.latent
        assert latent is not None
        assert latent.shape == shape
    file.write_bytes(latent_npy(rng.standard_normal(length)))
    assert run("generate", PLANE, "--latent", file, "--latent-space", "z", "--size", "16x16", "--out", out) == 0
    assert grid(out).style.space == "z"


def test_a_panorama_of_two_styles_closes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.png"
    assert run("panorama", PANORAMA, "--size", "16x64", "--blend", 7, "--seed", 1, "--turn", 30, "--out", out) == 0
    assert "does not close" not in capsys.readouterr().out
    request = grid(out)
    assert request.second is not None
    assert request.second.seed == 7
    assert request.mask is not None
    assert (request.mask.min(), request.mask.max()) == (0, 255)


def test_a_panorama_of_a_plane_closes_unless_another_projection_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    assert run("panorama", PLANE, "--size", "16x64", "--out", out) == 0
    assert grid(out).options["projection"] == "mirrored"
    assert "does not close" not in capsys.readouterr().out
    assert run("panorama", PLANE, "--size", "16x64", "--projection", "extended", "--out", out) == 0
    assert "does not close" in capsys.readouterr().out


def test_a_mask_says_where_the_second_style_is(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[:, 4:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    out = tmp_path / "a.png"
    words = ("--size", "16x64", "--blend", 7, "--blend-mask", tmp_path / "mask.png", "--out", out)
    assert run("panorama", PANORAMA, *words) == 0
    assert np.array_equal(grid(out).mask, mask)


@pytest.mark.parametrize("space", ["w", "w+"])
def test_an_inversion_writes_its_latent_which_makes_its_picture_again(tmp_path: Path, space: str) -> None:
    original, out = tmp_path / "a.png", tmp_path / "found"
    assert run("generate", PLANE, "--seed", 5, "--size", "32x32", "--out", original) == 0
    assert run("invert", PLANE, "--image", original, "--space", space, "--steps", 6, "--out", out) == 0
    latent = read_latent((out / "latent.npy").read_bytes(), "The latent")
    layers, length = card(PLANE).latents
    assert latent.shape == ((length,) if space == "w" else (layers, length))
    report = json.loads((out / "report.json").read_text())
    assert report["steps"] == 6
    assert -1 <= report["ssim"] <= 1
    again = tmp_path / "again.png"
    assert run("generate", PLANE, "--latent", out / "latent.npy", "--out", again) == 0
    with Image.open(again) as one, Image.open(out / "picture.png") as other:
        assert np.array_equal(np.array(one), np.array(other))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("generate", PLANE, "--size", "8192x8192", "--out", "a.png"), "at most 8388608 pixels"),
        (("generate", PLANE, "--size", "4x64", "--out", "a.png"), "each side is a whole number from 8 to 8192"),
        (("generate", PLANE, "--size", "64", "--out", "a.png"), "not of the form HEIGHTxWIDTH"),
        (("generate", PLANE, "--truncation", "1.5", "--out", "a.png"), "The truncation is 1.5"),
        (("generate", PLANE, "--truncation", "nan", "--out", "a.png"), "The truncation is nan"),
        (("generate", PLANE, "--window", "0,0,2,1", "--out", "a.png"), "The window is"),
        (("generate", PLANE, "--window", "0,0,1", "--out", "a.png"), "not of the form LEFT,TOP,WIDTH,HEIGHT"),
        (("generate", PLANE, "--latent", "none.npy", "--out", "a.png"), "none.npy"),
        (("generate", PLANE, "--latent-space", "w", "--out", "a.png"), "--latent-space goes with --latent"),
        (("generate", PLANE, "--layout", "a.png", "--out", "a.png"), "works from latents"),
        (("generate", PLANE, "--noise", "off", "--option", "noise=off", "--out", "a.png"), "the same thing twice"),
        (("generate", PLANE, "--option", "sampling=patch:64:9:0:0", "--out", "a.png"), "does not lie inside"),
        (("generate", "spade-street", "--size", "64x64", "--out", "a.png"), "--size is for generators"),
        (("generate", "spade-street", "--out", "a.png"), "give --layout or --image"),
        (("panorama", "spade-street", "--out", "a.png"), "does not work from latents"),
        (("panorama", PANORAMA, "--projection", "bent", "--out", "a.png"), "has no option 'projection'"),
        (("panorama", PANORAMA, "--blend-mask", "a.png", "--out", "a.png"), "--blend-mask says where"),
        (("panorama", PANORAMA, "--blend-width", "0.3", "--out", "a.png"), "--blend-width says where"),
        (("panorama", PANORAMA, "--blend-softness", "2", "--out", "a.png"), "'2' is no number from 0 to 1"),
        (
            (
                "panorama",
                PANORAMA,
                *("--blend", "1", "--blend-mask", "m.png", "--blend-width", "0.3", "--out", "a.png"),
            ),
            "leave --blend-width out",
        ),
        (("panorama", PANORAMA, "--turn", "9999", "--out", "a.png"), "The turn is 9999"),
        (("panorama", PANORAMA, "--out", "a.jpg"), "must end in .png"),
        (("invert", PANORAMA, "--image", "none.png", "--out", "found"), "none.png"),
        (("invert", "spade-street", "--image", "none.png", "--out", "found"), "does not work from latents"),
        (("invert", PANORAMA, "--image", "none.png", "--space", "z", "--out", "found"), "invalid choice: 'z'"),
    ],
)
def test_bad_input_ends_in_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = run(*words)
    except SystemExit as stop:
        status = int(stop.code or 0)
    said = capsys.readouterr().err
    assert status == 2
    assert sentence in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*.png"))


def test_a_truncated_checkpoint_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = Path(__file__).parents[2] / "zoo" / "builtin" / PLANE
    folder = tmp_path / "cut"
    folder.mkdir()
    (folder / "config.json").write_bytes((source / "config.json").read_bytes())
    whole = (source / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert run("generate", folder, "--out", tmp_path / "a.png") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "model.safetensors" in said


def test_a_photograph_of_any_size_can_be_inverted(tmp_path: Path) -> None:
    Image.new("RGB", (2600, 1700), (90, 120, 60)).save(tmp_path / "large.png")
    assert run("invert", PLANE, "--image", tmp_path / "large.png", "--steps", 1, "--out", tmp_path / "found") == 0
    report = json.loads((tmp_path / "found" / "report.json").read_text())
    assert "Its middle was taken" in report["notes"][0]
