"""`python -m zoo.world`: what it refuses, how it goes on where it was interrupted, and what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.world.__main__ import FailedFramesError, duration, main, render_all
from zoo.world.frames import ENDINGS, Frame, is_finished, write

ROOT = Path(__file__).parents[3]
GOOD = {"kind": "street", "--seeds": "0:2", "--size": "64x128", "--samples": "1", "--out": "frames"}


def arguments(**changed: str) -> list[str]:
    """A command line that can be carried out but for what is changed."""
    options = GOOD | {("kind" if name == "kind" else f"--{name}"): value for name, value in changed.items()}
    kind = options.pop("kind")
    return [kind, *(word for option in options.items() for word in option)]


def frame(seed: int, good: bool = True) -> Frame:
    """What a renderer would give, without one."""
    rng = np.random.default_rng(seed)
    return Frame(
        picture=rng.integers(0, 256, (8, 16, 3), np.uint8),
        labels=rng.integers(0, 20, (8, 16)).astype(np.uint8),
        instances=rng.integers(0, 300, (8, 16)),
        depth=np.where(rng.random((8, 16)) < 0.2, 1e10, rng.uniform(1, 90, (8, 16))),
        notes={
            "seed": seed,
            "kind": "city",
            "light": "dusk",
            "season": "winter",
            "rejected": [] if good else ["dark: mean 0.05"],
            "good": good,
        },
    )


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command line that must fail with status 2, and return its one sentence."""
    monkeypatch.chdir(tmp_path)

    def run(words: list[str]) -> str:
        assert main(words) == 2
        out, sentence = capsys.readouterr()
        assert out == ""
        assert sentence.count("\n") == 1
        assert sentence.endswith(".\n")
        return sentence

    return run


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"kind": "sea"}, "invalid choice: 'sea'"),
        ({"seeds": "5"}, "'5' is no range A:B with 0 <= A < B <= 1000000"),
        ({"seeds": "-1:5"}, "expected one argument"),
        ({"seeds": "5:5"}, "'5:5' is no range A:B"),
        ({"seeds": "0:1000001"}, "'0:1000001' is no range A:B"),
        ({"size": "256"}, "'256' is no size HxW with sides of 32 to 2048 pixels"),
        ({"size": "31x64"}, "'31x64' is no size"),
        ({"size": "64x2049"}, "'64x2049' is no size"),
        ({"samples": "0"}, "'0' is no number from 1 to 1024"),
        ({"samples": "1.5"}, "'1.5' is no number"),
        ({"kind": "panorama", "size": "128x255"}, "A panorama of 128x255 is too narrow; give --size at least 2:1"),
        ({"out": "file"}, "file is no folder; give --out a folder, or a name that is free."),
    ],
)
def test_bad_input_is_refused_in_a_sentence(
    refused: Callable[..., str], tmp_path: Path, changed: dict[str, str], expected: str
) -> None:
    (tmp_path / "file").touch()
    assert expected in refused(arguments(**changed))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("missing", ["--seeds", "--size", "--out"])
def test_what_is_needed_must_be_given(refused: Callable[..., str], missing: str) -> None:
    words = arguments()
    position = words.index(missing)
    assert f"arguments are required: {missing}" in refused(words[:position] + words[position + 2 :])


def bare(*words: str) -> subprocess.CompletedProcess[str]:
    """`python -m zoo.world` where no package is installed at all."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", "-m", "zoo.world", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_without_blender_it_says_how_to_get_it(tmp_path: Path) -> None:
    ended = bare(*arguments(out=str(tmp_path / "frames")))
    assert (ended.returncode, ended.stdout) == (2, "")
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert ended.stderr == (
        f"Rendering needs Blender as a module, which cannot be loaded here (No module named 'bpy'; Python {python}); "
        "in an environment of its own, with Python 3.11, run pip install -r zoo/world/requirements.txt.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_help_needs_nothing_but_python() -> None:
    shown = bare("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "{street,landscape,panorama}" in shown.stdout


def test_a_frame_is_four_files(tmp_path: Path) -> None:
    made = frame(7)
    write(made, tmp_path, 7)
    assert {path.name for path in tmp_path.iterdir()} == {f"000007{ending}" for ending in ENDINGS}
    assert (np.asarray(Image.open(tmp_path / "000007.png")) == made.picture).all()
    with Image.open(tmp_path / "000007_labels.png") as labels:
        assert labels.mode == "L"
        assert (np.asarray(labels) == made.labels).all()
    with np.load(tmp_path / "000007.npz") as arrays:
        assert set(arrays) == {"instances", "depth"}
        assert arrays["instances"].dtype == np.int32
        assert (arrays["instances"] == made.instances).all()
        assert arrays["depth"].dtype == np.float16
        assert np.isfinite(arrays["depth"]).all()
        assert arrays["depth"] == pytest.approx(np.minimum(made.depth, 6e4), rel=1e-3)
    assert json.loads((tmp_path / "000007.json").read_text(encoding="utf-8")) == made.notes


@pytest.mark.parametrize("missing", ENDINGS)
def test_a_frame_is_finished_when_all_is_there(tmp_path: Path, missing: str) -> None:
    write(frame(7), tmp_path, 7)
    assert is_finished(tmp_path, 7)
    (tmp_path / f"000007{missing}").unlink()
    assert not is_finished(tmp_path, 7)


def test_a_run_makes_what_is_not_there_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[int] = []

    def make(seed: int) -> Frame:
        asked.append(seed)
        return frame(seed)

    render_all(make, range(2, 4), tmp_path)
    (tmp_path / "000003.npz").unlink()
    kept = (tmp_path / "000002.png").stat().st_mtime_ns
    capsys.readouterr()
    render_all(make, range(1, 5), tmp_path)
    assert asked == [2, 3, 1, 3, 4]
    assert all(is_finished(tmp_path, seed) for seed in range(1, 5))
    assert (tmp_path / "000002.png").stat().st_mtime_ns == kept
    skipped, *lines, end = capsys.readouterr().out.splitlines()
    assert skipped == "1 of 4 frames are already there"
    assert [line.split(":")[0] for line in lines] == ["[1/3] seed 1", "[2/3] seed 3", "[3/3] seed 4"]
    assert all("city, dusk, winter; 0 s left" in line for line in lines)
    assert end == "3 written"


def test_the_time_left_is_what_this_runs_frames_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is turned by hand: 100 and 300 seconds for two of four frames, none for the one that is there."""
    clock = 0.0

    def make(seed: int) -> Frame:
        nonlocal clock
        clock += 100.0 * seed
        return frame(seed)

    monkeypatch.setattr("zoo.world.__main__.time.monotonic", lambda: clock)
    write(frame(2), tmp_path, 2)
    render_all(make, range(1, 6), tmp_path)
    left = [line.split("; ")[1] for line in capsys.readouterr().out.splitlines() if "left" in line]
    assert left == ["5 min left", "7 min left", "4 min left", "0 s left"]


def test_a_failed_frame_is_reported_and_the_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def make(seed: int) -> Frame:
        if seed == 1:
            raise ValueError("no such tree\nin this wood")
        return frame(seed, good=seed != 2)

    with pytest.raises(FailedFramesError, match=r"^1 of 3 frames failed; the same command tries them again\.$"):
        render_all(make, range(3), tmp_path)
    assert [is_finished(tmp_path, seed) for seed in range(3)] == [True, False, True]
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "[2/3] seed 1: failed, ValueError: no such tree"
    assert "city, dusk, winter, dark: mean 0.05; 0 s left" in lines[2]


def test_failed_frames_end_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zoo.world.__main__.maker", lambda kind: lambda seed, **size: frame(seed) if seed else 1 / 0)
    assert main(arguments(out=str(tmp_path))) == 1
    out, sentence = capsys.readouterr()
    assert "seed 0: failed, ZeroDivisionError: division by zero" in out
    assert sentence == "1 of 2 frames failed; the same command tries them again.\n"


def test_interrupting_keeps_what_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(seed: int, **size: int) -> Frame:
        if seed == 1:
            raise KeyboardInterrupt
        return frame(seed)

    monkeypatch.setattr("zoo.world.__main__.maker", lambda kind: make)
    assert main(arguments(out=str(tmp_path))) == 130
    assert capsys.readouterr().err == "Interrupted.\n"
    assert {path.name for path in tmp_path.iterdir()} == {f"000000{ending}" for ending in ENDINGS}


def test_durations_are_said_in_two_parts_at_most() -> None:
    said = [duration(seconds) for seconds in (0, 99.4, 100, 3600, 6000, 360_000)]
    assert said == ["0 s", "99 s", "2 min", "60 min", "1 h 40 min", "100 h 00 min"]
