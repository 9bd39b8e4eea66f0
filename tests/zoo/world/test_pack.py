"""Packing a rendered world: small frames are written as the renderer writes them, packed and read back."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.errors import ZooError
from zoo.world import pack as packing
from zoo.world.grade import levels
from zoo.world.labels import LANDSCAPE, STREET
from zoo.world.pack import main, pack
from zoo.world.rendered import find_sources
from zoo.world.segments import find_segments, renumbered

SIZE = (48, 64)
SKY = STREET.index("sky")


def blobs(rng: np.random.Generator, values: int, cell: int = 8) -> np.ndarray:
    """Random cells of one value each, with some loose pixels."""
    coarse = rng.integers(0, values, (SIZE[0] // cell, SIZE[1] // cell))
    fine = coarse.repeat(cell, axis=0).repeat(cell, axis=1)
    return np.where(rng.random(SIZE) < 0.03, rng.integers(0, values, SIZE), fine)


def write_current(folder: Path, number: int, classes: int = 12, **notes: object) -> dict[str, np.ndarray]:
    """A frame as the renderer writes it."""
    rng = np.random.default_rng(number)
    arrays = {
        "picture": (blobs(rng, 6)[..., None] * 40 + np.array([0, 20, 40])).astype(np.uint8),
        "labels": blobs(rng, classes, cell=16).astype(np.uint8),
        "instances": (blobs(rng, 9).clip(5) * 37 - 185).astype(np.int32),
        "depth": np.where(rng.random(SIZE) < 0.2, 6e4, rng.random(SIZE) * 300 + 2).astype(np.float16),
    }
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{number:06}"
    Image.fromarray(arrays["picture"]).save(folder / f"{stem}.png")
    Image.fromarray(arrays["labels"]).save(folder / f"{stem}_labels.png")
    np.savez_compressed(folder / f"{stem}.npz", instances=arrays["instances"], depth=arrays["depth"])
    told = {"seed": number, "kind": "city", "light": "day", "season": "summer", "samples": 6, "good": True}
    told |= notes
    (folder / f"{stem}.json").write_text(json.dumps(told))
    return arrays


def write_earlier(folder: Path, number: int) -> dict[str, np.ndarray]:
    """A frame as the renderer's earlier state left it."""
    rng = np.random.default_rng(number)
    arrays = {
        "labels": blobs(rng, 12).astype(np.uint8),
        "instances": blobs(rng, 400).astype(np.uint16),
        "depth": rng.choice(np.array([250, 9000, 41234, 65535], np.uint16), (SIZE[0] // 2, SIZE[1] // 2)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    flat = np.full((*SIZE, 3), 100, np.uint8) + (blobs(rng, 3)[..., None] * 20).astype(np.uint8)
    Image.fromarray(flat).save(folder / f"{number:06}.webp", quality=90)
    for name, array in arrays.items():
        Image.fromarray(array).save(folder / f"{number:06}_{name}.png")
    notes = {"frame": f"{number:06}", "kind": "lake", "light": "gold", "season": "dry", "winter": True}
    (folder / "frames.json").write_text(json.dumps([notes]))
    return arrays


def packed(raw: Path, out: Path, *, earlier: Path | None = None, jobs: int = 1) -> dict[str, int]:
    return pack(find_sources(raw, earlier), out, jobs=jobs)


def table(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(text.splitlines()))


def label_file(folder: Path, number: int) -> np.ndarray:
    """The pixels (H, W, 3) of the labels of a packed frame."""
    with Image.open(folder / "labels" / f"{number:06}.webp") as image:
        assert (image.format, image.mode) == ("WEBP", "RGB")
        return np.array(image)


def numbers(folder: Path, number: int) -> np.ndarray:
    """The instances of a packed frame."""
    coded = label_file(folder, number).astype(np.int32)
    return coded[..., 1] + 256 * coded[..., 2]


def flooded(region: np.ndarray, x: int, y: int) -> np.ndarray:
    """The pixels of a bool array (H, W) that one reaches from one of them, stepping up, down, left and right."""
    reached = np.zeros_like(region)
    reached[y, x] = True
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= region
        if (grown == reached).all():
            return reached
        reached = grown


def partition(instances: np.ndarray) -> set[bytes]:
    """Which pixels belong together, whatever their number."""
    return {(instances == number).tobytes() for number in np.unique(instances) if number}


# ------------------------------------------------------------------------------------------------- what is in the files


def test_labels_and_instances_come_back_exactly(tmp_path: Path) -> None:
    written = {number: write_current(tmp_path / "raw" / "street", number, classes=20) for number in (0, 3)}
    packed(tmp_path / "raw", tmp_path / "out")
    for number, arrays in written.items():
        street = tmp_path / "out" / "street"
        assert np.array_equal(label_file(street, number)[..., 0], arrays["labels"])
        instances = numbers(street, number)
        assert partition(instances) == partition(arrays["instances"])
        found, first = np.unique(instances, return_index=True)
        assert found.tolist() == list(range(len(found)))
        assert (np.diff(first[1:]) > 0).all()  # in raster order
        picture = Image.open(street / "pictures" / f"{number:06}.webp").convert("RGB")
        assert np.abs(np.array(picture).astype(int) - arrays["picture"]).mean() < 12


def test_more_instances_than_a_byte_counts(tmp_path: Path) -> None:
    arrays = write_current(tmp_path / "raw" / "street", 1)
    instances = (np.arange(SIZE[0] * SIZE[1]).reshape(SIZE) // 3)[::-1].astype(np.int32)
    np.savez(tmp_path / "raw" / "street" / "000001.npz", instances=instances, depth=arrays["depth"])
    packed(tmp_path / "raw", tmp_path / "out")
    assert numbers(tmp_path / "out" / "street", 1).max() > 800
    assert partition(numbers(tmp_path / "out" / "street", 1)) == partition(instances)


@pytest.mark.parametrize(("space", "least"), [("street", 1), ("landscape", 24), ("panorama", 24)])
def test_far_trees_are_no_instances(tmp_path: Path, space: str, least: int) -> None:
    arrays = write_current(tmp_path / "raw" / space, 5)
    instances = np.zeros(SIZE, np.int32)
    instances[2, 2:25], instances[4, 2:26], instances[6, 6] = 50, 40, 30  # 23, 24 and 1 pixels
    np.savez(tmp_path / "raw" / space / "000005.npz", instances=instances, depth=arrays["depth"])
    packed(tmp_path / "raw", tmp_path / "out")
    areas = np.bincount(numbers(tmp_path / "out" / space, 5).ravel())[1:].tolist()
    assert areas == [area for area in (23, 24, 1) if area >= least]


def test_the_table_of_frames(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for number in (6, 7, 17, 71):
        write_current(raw / "street", number, wet=number == 6)
    write_current(raw / "landscape", 2, season="dry", winter=True, samples=4)
    write_current(raw / "street", 20, good=False)
    write_current(raw / "street", 21)
    (raw / "street" / "000021.json").unlink()  # still being rendered
    packed(raw, tmp_path / "out")
    rows = table(tmp_path / "out" / "street" / "frames.csv")
    assert [row["frame"] for row in rows] == ["000006", "000007", "000017", "000071"]
    assert [row["split"] for row in rows] == ["training", "held_out", "held_out", "training"]
    assert [row["ground"] for row in rows] == ["wet", "dry", "dry", "dry"]
    assert {row["samples"] for row in rows} == {"6"}
    assert {path.stem for path in (tmp_path / "out" / "street" / "pictures").iterdir()} == {r["frame"] for r in rows}
    (row,) = table(tmp_path / "out" / "landscape" / "frames.csv")
    assert list(row.values()) == ["000002", "training", "current", "city", "day", "winter", "snow", "4"]


# ------------------------------------------------------------------------------------------------------------ segments


def test_segments_against_brute_force(tmp_path: Path) -> None:
    arrays = write_current(tmp_path / "raw" / "street", 9)
    packed(tmp_path / "raw", tmp_path / "out")
    instances = numbers(tmp_path / "out" / "street", 9)
    labels, depth = arrays["labels"], arrays["depth"].astype(np.float64)
    depth[depth == 6e4] = np.inf
    missing = instances == 0
    seen = np.zeros(SIZE, int)
    rows = table(tmp_path / "out" / "street" / "segments.csv.gz")
    for row in rows:
        label, instance, x, y = (int(row[name]) for name in ("label", "instance", "x", "y"))
        if instance:
            mask = instances == instance
            assert label == np.bincount(labels[mask]).argmax()
        else:
            mask = flooded(missing & (labels == label), x, y)
            assert mask.sum() >= 64
        assert divmod(int(np.flatnonzero(mask)[0]), SIZE[1]) == (y, x)
        assert int(row["pixels"]) == mask.sum()
        median = np.median(depth[mask])
        if label == SKY or np.isinf(median):
            assert row["depth"] == ""
        else:
            assert float(row["depth"]) == pytest.approx(median, abs=0.00501 if median < 100 else 0.501)
        seen += mask
    assert seen.max() == 1
    left = seen == 0  # only small patches are no segments
    assert not (left & (instances > 0)).any()
    for y, x in zip(*np.nonzero(left), strict=True):
        assert flooded(missing & (labels == labels[y, x]), x, y).sum() < 64
    assert any(row["depth"] and float(row["depth"]) >= 100 and "." not in row["depth"] for row in rows)
    assert any(row["instance"] == "0" for row in rows)


def test_diagonal_neighbours_are_not_connected() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[:8, :8] = labels[8:, 8:] = 3
    found = find_segments(labels, np.zeros((16, 16), np.int32), np.ones((16, 16), np.float32))
    assert found[["label", "x", "y", "pixels"]].tolist() == [(3, 0, 0, 64), (0, 8, 0, 64), (0, 0, 8, 64), (3, 8, 8, 64)]


def test_a_median_between_near_and_infinite_is_infinite() -> None:
    depth = np.full((8, 8), 5.0, np.float32)
    depth[4:] = np.inf
    (found,) = find_segments(np.zeros((8, 8), np.uint8), np.ones((8, 8), np.int32), depth)
    assert np.isinf(found["depth"])


def test_renumbering_without_instances() -> None:
    assert not renumbered(np.zeros((4, 4), np.int32), 1).any()


# ------------------------------------------------------------------------------------------------------ earlier frames


def test_earlier_frames_are_levelled_and_marked(tmp_path: Path) -> None:
    write_current(tmp_path / "raw" / "landscape", 0)
    arrays = write_earlier(tmp_path / "old" / "landscape", 20000)
    packed(tmp_path / "raw", tmp_path / "out", earlier=tmp_path / "old")
    out = tmp_path / "out" / "landscape"
    row = table(out / "frames.csv")[1]
    assert list(row.values()) == ["020000", "training", "earlier", "lake", "gold", "winter", "snow", ""]
    old = np.array(Image.open(tmp_path / "old" / "landscape" / "020000.webp")) / 255
    new = np.array(Image.open(out / "pictures" / "020000.webp")) / 255
    assert np.abs(levels(old) - new).mean() < np.abs(levels(old) - old).mean() / 2
    assert np.array_equal(label_file(out, 20000)[..., 0], arrays["labels"])
    metres = arrays["depth"].repeat(2, axis=0).repeat(2, axis=1) / 100
    metres[metres > 655] = np.inf
    instances = numbers(out, 20000)
    for segment in table(out / "segments.csv.gz"):
        if segment["frame"] == "020000" and int(segment["instance"]) and segment["label"] not in "01":
            median = np.median(metres[instances == int(segment["instance"])])
            assert float(segment["depth"] or "inf") == pytest.approx(median, abs=0.501)
    told = (tmp_path / "out" / "card.md").read_text()
    assert "Landscape 020000 to 020000.\n\nThe column `renderer` calls these" in told


# ------------------------------------------------------------------------------------------------------------- as a run


def test_a_second_run_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    for number in (1, 2):
        write_current(tmp_path / "raw" / "street", number)
    packed(tmp_path / "raw", tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out" / "street").rglob("000002.*")}
    (tmp_path / "out" / "street" / "pictures" / "notes.txt").write_text("mine")
    (tmp_path / "raw" / "street" / "000001.json").unlink()
    packed(tmp_path / "raw", tmp_path / "out", jobs=2)
    names = {path.name for path in (tmp_path / "out" / "street").rglob("*") if path.is_file()}
    assert names == {"000002.webp", "frames.csv", "segments.csv.gz", "notes.txt"}
    assert before == {path: path.read_bytes() for path in (tmp_path / "out" / "street").rglob("000002.*")}
    assert {path.parent.name for path in before} == {"pictures", "labels"}


def test_packed_tables_and_labels_are_small_and_tell_nothing_of_the_run(tmp_path: Path) -> None:
    write_current(tmp_path / "raw" / "street", 1)
    packed(tmp_path / "raw", tmp_path / "out")
    table_bytes = (tmp_path / "out" / "street" / "segments.csv.gz").read_bytes()
    assert table_bytes[3:8] == bytes(5)  # neither the name of a file nor a time
    assert len(table_bytes) < len(gzip.decompress(table_bytes)) * 0.7
    Image.fromarray(label_file(tmp_path / "out" / "street", 1)).save(tmp_path / "labels.png", optimize=True)
    stored = tmp_path / "out" / "street" / "labels" / "000001.webp"
    assert stored.stat().st_size < (tmp_path / "labels.png").stat().st_size * 0.9


def test_the_command_prints_sizes_that_are_those_on_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_current(tmp_path / "raw" / "street", 1)
    arguments = ["--raw", str(tmp_path / "raw"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    for part in ("street/pictures", "street/labels", "street/segments.csv.gz", "card.md", "in all"):
        assert part in printed
    total = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert sum(packed(tmp_path / "raw", tmp_path / "out").values()) == total


def test_the_card_counts_what_is_there(tmp_path: Path) -> None:
    arrays = [write_current(tmp_path / "raw" / "panorama", number) for number in (3, 7, 500)]
    packed(tmp_path / "raw", tmp_path / "out")
    card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
    labels = np.stack([array["labels"] for array in arrays])
    tree = LANDSCAPE.index("tree")
    assert f"| {tree} | tree | {(labels == tree).mean():.2%} | 100.0% |" in card
    assert "| panorama | 3 | 2 | 1 | 3 | 0 | 48x64 |" in card
    for seeds in ("3:8", "500:501"):
        assert f"python -m zoo.world panorama --seeds {seeds} --size 48x64" in card
    assert "earlier renderer\n\n" not in card  # there are none
    assert "MIT" in card
    assert str(tmp_path) not in card


def test_a_world_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_current(tmp_path / "raw" / "street", 1)
    monkeypatch.setattr(packing, "MAX_BYTES", 500)
    (tmp_path / "out" / "street").mkdir(parents=True)
    (tmp_path / "out" / "street" / "frames.csv").write_text("of a former run")
    with pytest.raises(ZooError, match=r"takes \d+ bytes and may take 500"):
        packed(tmp_path / "raw", tmp_path / "out")
    assert (tmp_path / "out" / "street" / "frames.csv").read_text() == "of a former run"
    assert [path.name for path in tmp_path.iterdir()] in (["raw", "out"], ["out", "raw"])


def test_damaged_bytes_anywhere_in_the_arrays_are_told(tmp_path: Path) -> None:
    write_current(tmp_path / "raw" / "street", 1)
    path = tmp_path / "raw" / "street" / "000001.npz"
    whole = path.read_bytes()
    refused = 0
    for at in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            packed(tmp_path / "raw", tmp_path / "out")
        except ZooError as error:
            refused += "000001.npz" in str(error)
    assert refused > 30


# ---------------------------------------------------------------------------------------------------------- bad frames


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


def save_arrays(folder: Path, **changed: np.ndarray) -> None:
    arrays = {"instances": np.ones(SIZE, np.int32), "depth": np.ones(SIZE, np.float16)}
    np.savez(folder / "000001.npz", **{**arrays, **changed})


SPOILED = {
    "000001.npz is missing": lambda street: (street / "000001.npz").unlink(),
    "000001.png is missing": lambda street: (street / "000001.png").unlink(),
    "000001_labels.png is missing": lambda street: (street / "000001_labels.png").unlink(),
    "000001.png cannot be read": lambda street: cut(street / "000001.png"),
    "000001_labels.png cannot be read": lambda street: cut(street / "000001_labels.png"),
    "000001.npz cannot be read": lambda street: cut(street / "000001.npz"),
    "000001.json cannot be read as JSON": lambda street: cut(street / "000001.json"),
    "holds a list and should hold a dict": lambda street: (street / "000001.json").write_text("[]"),
    "say kind = '1,2'; it should be a word": lambda street: write_current(street, 1, kind="1,2"),
    "say samples = '6'; it should be a whole number": lambda street: write_current(street, 1, samples="6"),
    "has label 20; those of a street are 0..19": lambda street: Image.fromarray(np.full(SIZE, 20, np.uint8)).save(
        street / "000001_labels.png"
    ),
    "is of mode RGB and should be of L": lambda street: Image.new("RGB", SIZE[::-1]).save(street / "000001_labels.png"),
    "The picture of": lambda street: Image.new("RGB", (64, 41)).save(street / "000001.png"),
    "The instances of": lambda street: save_arrays(street, instances=np.ones((3, 4), np.int32)),
    "The depth of": lambda street: save_arrays(street, depth=np.ones((3, 4), np.float16)),
    "depths that are no positive numbers": lambda street: save_arrays(street, depth=np.full(SIZE, np.nan, np.float16)),
    "has negative instances": lambda street: save_arrays(street, instances=np.full(SIZE, -1, np.int32)),
}


@pytest.mark.parametrize("sentence", SPOILED)
def test_spoiled_frames_are_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sentence: str
) -> None:
    write_current(tmp_path / "raw" / "street", 1, classes=20)
    SPOILED[sentence](tmp_path / "raw" / "street")
    assert main(["--raw", str(tmp_path / "raw"), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_bad_commands_are_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_current(tmp_path / "raw" / "landscape", 20000)
    write_earlier(tmp_path / "old" / "landscape", 20000)
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd" / "street").mkdir(parents=True)
    (tmp_path / "odd" / "street" / "frames.json").write_text('[{"frame": "../../1"}]')
    raw, out = ["--raw", str(tmp_path / "raw")], ["--out", str(tmp_path / "out")]
    for arguments, sentence in (
        (["--raw", str(tmp_path / "none"), *out], "is no folder"),
        (["--raw", str(tmp_path / "empty"), *out], "holds no finished frame"),
        ([*raw, *out, "--earlier", str(tmp_path / "old")], "Frame 020000 of landscape is there twice"),
        ([*raw, *out, "--earlier", str(tmp_path / "empty")], "holds none of street"),
        ([*raw, *out, "--earlier", str(tmp_path / "odd")], "names no frame by six digits"),
        ([*raw, *out, "--quality", "101"], "'101' is no whole number from 0 to 100"),
    ):
        assert main(arguments) == 2
        told = capsys.readouterr().err
        assert sentence in told
        assert told.count("\n") == 1
