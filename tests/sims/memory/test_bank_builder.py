"""Building banks from folders and from the world, at once and in several goes."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from sims.__main__ import main
from sims.memory.bank import Bank
from sims.memory.bank_builder import build_bank
from sims.memory.bank_file import BankError
from sims.memory.bank_sources import Choices, FolderSource, SourceFrame, WorldSource, packed_layout
from sims.world import World
from zoo.files import read_config

SMALL = Choices(size=(64, 128), minimum_area=20)


def _folders(folder: Path, numbers: tuple[str, ...] = ("000000", "000011", "000023", "000035")) -> Path:
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for number in numbers:
        frame = World().read("street", number)
        Image.fromarray(frame.picture[::2, ::2].copy()).save(folder / "images" / f"{number}.png")
        Image.fromarray(frame.labels[::2, ::2].copy()).save(folder / "labels" / f"{number}.png")
    return folder


def _build(folder: Path, source: FolderSource | None = None, out: str = "bank", stop: str = "") -> bytes:
    """Build the bank and return its file; `stop` names the frame before which the build is interrupted."""

    def progress(fraction: float, what: str) -> None:
        if what == stop:
            raise KeyboardInterrupt

    source = source or FolderSource(folder / "images", folder / "labels", SMALL)
    build_bank(source, folder / out, SMALL, licence="", origin="", progress=progress)
    return (folder / out / "model.safetensors").read_bytes()


class Counted(FolderSource):
    """Folders that know which frames were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "images", folder / "labels", SMALL)
        self.read_frames: list[str] = []

    def read(self, frame: int) -> SourceFrame:
        self.read_frames.append(self.names[frame])
        return super().read(frame)


def test_a_stopped_build_goes_on_and_redoes_what_changed(tmp_path: Path) -> None:
    folder = _folders(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _build(folder, stop="000023")
    assert not (folder / "bank").exists()
    changed = folder / "labels" / "000011.png"
    Image.fromarray(np.zeros((128, 256), np.uint8)).save(changed)
    os.utime(changed, (0, 0))
    source = Counted(folder)
    resumed = _build(folder, source)
    assert source.read_frames == ["000011", "000023", "000035"]
    assert resumed == _build(folder, out="again")
    assert sorted(path.name for path in folder.iterdir()) == ["again", "bank", "images", "labels"]
    bank = Bank.open(folder / "bank")
    assert [row["channel"] for row in bank.segments if row["frame"] == 1] == [0]


def test_a_half_written_part_is_made_again(tmp_path: Path) -> None:
    folder = _folders(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        _build(folder, stop="writing the bank")
    for part in (folder / ".bank.parts").iterdir():
        part.write_bytes(part.read_bytes()[:100])
    source = Counted(folder)
    assert _build(folder, source) == _build(folder, out="again")
    assert len(source.read_frames) == 4


def test_pictures_are_kept_in_the_largest_size_they_fill(tmp_path: Path) -> None:
    folder = _folders(tmp_path, ("000000",))
    for name, size in (("large", (600, 300)), ("small", (90, 45)), ("huge", (1200, 600))):
        Image.new("RGB", size, (10, 200, 30)).save(folder / "images" / f"{name}.jpg")
        Image.new("L", size, 13).save(folder / "labels" / f"{name}.png")
    _build(folder)
    bank = Bank.open(folder / "bank")
    heights = {bank.frame_name(frame): bank.picture(frame).shape for frame in np.unique(bank.segments["frame"])}
    assert heights == {
        "000000": (128, 256, 3),
        "huge": (256, 512, 3),
        "large": (256, 512, 3),
        "small": (64, 128, 3),
    }
    original = World().read("street", "000000").picture[::2, ::2].astype(int)
    assert np.abs(bank.picture(0).astype(int) - original).mean() < 4  # of 255


class Large:
    """Frames whose pictures are large files."""

    kind = "own"
    names = tuple(f"{number:03d}" for number in range(24))

    def key(self, frame: int) -> str:
        return str(frame)

    def read(self, frame: int) -> SourceFrame:
        channels = np.full(SMALL.size, frame % 19, np.uint8)
        return SourceFrame(channels, {"pictures": bytes(2 << 20), "labels": packed_layout(channels)})


def test_memory_holds_no_more_than_a_few_pictures(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        built = build_bank(
            Large(), tmp_path / "bank", SMALL, licence="", origin="", progress=lambda fraction, what: None
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert built.size_bytes > 24 * (2 << 20)
    assert peak < 6 * (2 << 20)


def test_the_file_is_read_by_everything_that_reads_safetensors(tmp_path: Path) -> None:
    folder = _folders(tmp_path, ("000000",))
    _build(folder)
    tables = load_file(folder / "bank" / "model.safetensors")
    assert tables["frames.names"].tobytes() == b"000000"
    assert tables["pictures.bytes"][:4].tobytes() == b"RIFF"


def test_the_command_builds_a_bank_from_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _folders(tmp_path, ("000000", "000011"))
    (folder / "labels" / "000011.png").unlink()
    given = ["bank", "build", "--images", f"{folder / 'images'}", "--labels", f"{folder / 'labels'}"]
    given += ["--label-space", "street", "--licence", "CC0", "--out", f"{folder / 'bank'}"]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert "1 files have no counterpart of the same name and are left out.\n" in out
    bank = Bank.open(folder / "bank")
    assert f"{folder / 'bank'}: {len(bank)} segments of 1 frames, " in out
    assert (bank.size, bank.segments["area"].min() > 100) == ((256, 512), True)
    assert read_config(folder / "bank")["licence"] == "CC0"


def test_the_command_builds_the_built_in_bank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A part of it: the first frames, by an interrupted build, are those of the bank that ships."""

    class Few(WorldSource):
        def __init__(self, choices: Choices) -> None:
            super().__init__(choices)
            self.names = self.names[:6]

    choices = Choices(minimum_area=200)
    build_bank(Few(choices), tmp_path / "bank", choices, licence="", origin="", progress=lambda fraction, what: None)
    bank = Bank.open(tmp_path / "bank")
    shipped = Bank.open(Path(__file__).parents[3] / "zoo" / "builtin" / "bank-street")
    numbers = np.flatnonzero(shipped.segments["frame"] < 6)
    assert np.array_equal(bank.segments, shipped.segments[numbers])
    for mine, theirs in list(enumerate(numbers.tolist()))[::9]:
        assert np.array_equal(bank.mask(mine), shipped.mask(theirs))


FAULTS = {
    "no folder": ((), "is no folder; give a folder of files."),
    "no pairs": (("000000.png", None, None), "would need 000000.png."),
    "shape": (("000000.png", (100, 100), 0), "is 256x128 and its layout is 100x100; they must have the same shape."),
    "id": (("000000.png", (256, 128), 90), "000000.png: 100% of the layout's pixels hold no ids of the street space"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_paired_is_told(tmp_path: Path, fault: str) -> None:
    (change, told), folder = FAULTS[fault], _folders(tmp_path, ("000000",))
    if not change:
        (folder / "labels" / "000000.png").unlink()
        (folder / "labels").rmdir()
    else:
        name, size, value = change
        (folder / "labels" / name).unlink()
        if size is not None:
            Image.new("L", size, value).save(folder / "labels" / name)
    with pytest.raises(BankError) as caught:
        _build(folder)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_layouts_without_a_large_enough_segment_make_no_bank(tmp_path: Path) -> None:
    folder = _folders(tmp_path, ("000000",))
    Image.new("L", (256, 128), 19).save(folder / "labels" / "000000.png")
    with pytest.raises(BankError, match=r"No segment of more than 20 pixels is in these layouts; lower the limit\."):
        _build(folder)
    assert not (folder / "bank").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--images", "a"], "Give --images, --labels and --label-space, or --world."),
        (["--world", "street", "--images", "a"], "--images does not go with --world; leave one of them out."),
        (["--world", "panorama"], "invalid choice: 'panorama'"),
        (["--world", "street", "--licence", "a\nb"], "--licence must be a line of at most 300 characters."),
        (["--world", "street", "--minimum-area", "x"], "'x' is no whole number from 0 to 1000000"),
        (["--world", "street", "--limit-size", "300"], "invalid choice: 300"),
        (["--images", "a", "--labels", "b", "--label-space", "street"], "a is no folder; give a folder of files."),
    ],
)
def test_wrong_command_lines_end_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert main(["bank", "build", *arguments, "--out", f"{tmp_path / 'bank'}"]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "bank").exists()
