"""Worlds are read exactly and refused clearly; the built-in one is whole, small and varied."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sims.label_space import label_space
from sims.world import BUILTIN, MAX_TABLE, SPACES, World, WorldError

FRAMES = (
    "frame,split,renderer,kind,light,season,ground,samples\n"
    "000005,training,current,city,day,summer,dry,6\n"
    "000007,held_out,earlier,edge,over,winter,snow,\n"
)
SEGMENTS = (
    "frame,label,instance,x,y,pixels,depth\n000005,13,1,2,3,40,12.50\n000005,10,0,0,0,400,\n000007,8,1,0,4,90,250\n"
)
SIZE = (24, 32)


def drawn(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture (H, W, 3), labels and instances (H, W), the instances also above 255."""
    rng = np.random.default_rng(number)
    picture = np.full((*SIZE, 3), rng.integers(40, 200, 3), np.uint8)
    return picture, rng.integers(0, 20, SIZE).astype(np.uint8), rng.integers(0, 1000, SIZE).astype(np.int32)


def write_segments(street: Path, text: str) -> None:
    (street / "segments.csv.gz").write_bytes(gzip.compress(text.encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small world of one space."""
    street = tmp_path / "street"
    for name in ("pictures", "labels"):
        (street / name).mkdir(parents=True)
    for number in (5, 7):
        picture, labels, instances = drawn(number)
        coded = np.stack([labels, instances & 255, instances >> 8], axis=-1).astype(np.uint8)
        Image.fromarray(picture).save(street / "pictures" / f"{number:06}.webp", quality=80)
        Image.fromarray(coded).save(street / "labels" / f"{number:06}.webp", lossless=True)
    (street / "frames.csv").write_text(FRAMES)
    write_segments(street, SEGMENTS)
    return tmp_path


# ------------------------------------------------------------------------------------------------------------- reading


def test_frames_are_listed_by_split(folder: Path) -> None:
    world = World(folder)
    assert world.spaces == ("street",)
    assert [notes.number for notes in world.frames("street")] == ["000005", "000007"]
    (training,) = world.frames("street", "training")
    (held_out,) = world.frames("street", "held_out")
    assert (training.kind, training.light, training.ground, training.samples) == ("city", "day", "dry", 6)
    assert (held_out.number, held_out.renderer, held_out.season, held_out.samples) == (
        "000007",
        "earlier",
        "winter",
        None,
    )


def test_a_frame_is_read_exactly(folder: Path) -> None:
    picture, labels, instances = drawn(7)
    frame = World(folder).read("street", "000007")
    assert frame.picture.shape == (*SIZE, 3)
    assert np.abs(frame.picture.astype(int) - picture).max() < 8
    assert np.array_equal(frame.labels, labels)
    assert np.array_equal(frame.instances, instances)
    assert (frame.picture.dtype, frame.labels.dtype, frame.instances.dtype) == (np.uint8, np.uint8, np.int32)


def test_segments_of_a_frame_and_of_all(folder: Path) -> None:
    world = World(folder)
    assert len(world.segments("street")) == 3
    car, sky = world.segments("street", "000005")
    assert car.tolist() == (5, 13, 1, 2, 3, 40, 12.5)
    assert np.isinf(sky["depth"])
    assert world.segments("street", "000007")["depth"].tolist() == [250]
    with pytest.raises(ValueError, match="read-only"):
        world.segments("street")["label"] = 3


def test_a_frame_without_segments(folder: Path) -> None:
    write_segments(folder / "street", SEGMENTS.splitlines()[0] + "\n")
    assert len(World(folder).segments("street", "000005")) == 0


def test_frames_are_read_late(folder: Path) -> None:
    """Listing needs no segments, and reading one frame no other."""
    (folder / "street" / "segments.csv.gz").unlink()
    (folder / "street" / "pictures" / "000005.webp").unlink()
    world = World(folder)
    assert len(world.frames("street")) == 2
    assert world.read("street", "000007").labels.shape == SIZE


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("number", ["7", "0000007", "../../etc", "00000x", "٠٠٠٠٠٧", "000007\n"])
def test_what_is_no_number_becomes_no_path(folder: Path, number: str) -> None:
    world = World(folder)
    for ask in (world.read, world.segments):
        with pytest.raises(WorldError, match="is no frame's number"):
            ask("street", number)


def test_what_is_not_there_is_refused(folder: Path) -> None:
    world = World(folder)
    with pytest.raises(WorldError, match="lists no frame 000006"):
        world.read("street", "000006")
    with pytest.raises(WorldError, match="holds no space 'panorama'; it holds street"):
        world.frames("panorama")
    with pytest.raises(WorldError, match="The split is 'test'; it is one of training, held_out, all"):
        world.frames("street", "test")
    with pytest.raises(WorldError, match="is no folder"):
        World(folder / "nowhere")
    with pytest.raises(WorldError, match="holds none of street, landscape, panorama"):
        World(folder / "street")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


SPOILED_FRAMES: dict[str, Callable[[Path], object]] = {
    r"pictures.000005.webp is missing": lambda street: (street / "pictures" / "000005.webp").unlink(),
    r"labels.000005.webp is missing": lambda street: (street / "labels" / "000005.webp").unlink(),
    r"pictures.000005.webp is damaged or no WebP file": lambda street: cut(street / "pictures" / "000005.webp"),
    r"labels.000005.webp is damaged or no WebP file": lambda street: cut(street / "labels" / "000005.webp"),
    r"labels.000005.webp is damaged or no WebP file; pack the world": lambda street: Image.new("RGB", (32, 24)).save(
        street / "labels" / "000005.webp", "PNG"
    ),
    r"labels.000005.webp is RGBA of 768 pixels; it should be RGB": lambda street: Image.new("RGBA", (32, 24)).save(
        street / "labels" / "000005.webp", lossless=True
    ),
    r"is of several sizes, 32x24, 32x25; picture and labels": lambda street: Image.new("RGB", (32, 25)).save(
        street / "labels" / "000005.webp", lossless=True
    ),
    r"labels of frame 000005 of .* are wrong: Id 20 is no class of the street space": lambda street: Image.new(
        "RGB", (32, 24), (20, 0, 0)
    ).save(street / "labels" / "000005.webp", lossless=True),
}


@pytest.mark.parametrize("sentence", SPOILED_FRAMES)
def test_spoiled_frames_are_refused(folder: Path, sentence: str) -> None:
    SPOILED_FRAMES[sentence](folder / "street")
    world = World(folder)
    with pytest.raises(WorldError, match=sentence):
        world.read("street", "000005")
    assert world.read("street", "000007").number == "000007"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("training,", "test,", r"Line 2 of .*frames.csv is no frame"),
        ("000007", "00007", r"Line 3 of .*frames.csv is no frame"),
        ("000007", "../../7", r"Line 3 of .*frames.csv is no frame"),
        ("000007", "000005", r"Line 3 of .*frames.csv is out of order: frame 000005 follows 000005"),
        ("dry,6", "dry,six", r"Line 2 of .*frames.csv is no frame"),
        ("snow,", "snow", r"Line 3 of .*frames.csv is no frame"),
        ("light,", "", r"Line 1 of .*frames.csv is .* and should be frame,split"),
    ],
)
def test_broken_rows_of_frames_are_told_by_line(folder: Path, old: str, new: str, sentence: str) -> None:
    (folder / "street" / "frames.csv").write_text(FRAMES.replace(old, new))
    with pytest.raises(WorldError, match=sentence):
        World(folder).frames("street")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("000005,13", "000005,-1", r"Line 2 of .*segments.csv.gz is no segment"),
        ("400,", "400,nan", r"Line 3 of .*segments.csv.gz is no segment"),
        ("90,250", "90", r"Line 4 of .*segments.csv.gz is no segment: '000007,8,1,0,4,90' is not frame,label"),
        ("000005,13", "000006,13", r"Line 2 of .*segments.csv.gz is of a frame that street does not list"),
        ("000005,13", "000007,13", r"Line 3 of .*segments.csv.gz is out of order"),
        ("000007,8", "000007,20", r"Line 4 of .*segments.csv.gz has a label that is none of ids 0..19"),
        ("000007,8", "000007,999", r"Line 4 of .*segments.csv.gz has a label that is none of ids 0..19"),
        ("instance", "object", r"Line 1 of .*segments.csv.gz is .* and should be frame,label"),
    ],
)
def test_broken_rows_of_segments_are_told_by_line(folder: Path, old: str, new: str, sentence: str) -> None:
    write_segments(folder / "street", SEGMENTS.replace(old, new))
    with pytest.raises(WorldError, match=sentence):
        World(folder).segments("street")


@pytest.mark.parametrize("name", ["frames.csv", "segments.csv.gz"])
def test_tables_that_cannot_be_read(folder: Path, name: str) -> None:
    path = folder / "street" / name
    path.write_bytes(gzip.compress(b"\xff\xfe") if path.suffix == ".gz" else b"\xff\xfe")
    with pytest.raises(WorldError, match=f"{name} cannot be read as text"):
        World(folder).segments("street", "000005")
    path.unlink()
    with pytest.raises(WorldError, match=f"{name} does not exist"):
        World(folder).segments("street", "000005")


def test_damaged_packed_tables_are_refused_wherever_the_damage_is(folder: Path) -> None:
    """Cut anywhere, or with any byte changed that matters, a packed table gives no wrong segment."""
    path = folder / "street" / "segments.csv.gz"
    whole, right = path.read_bytes(), World(folder).segments("street")
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(WorldError, match=r"segments.csv.gz is damaged or no gzip file; pack the world again"):
            World(folder).segments("street")
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x5B]) + whole[at + 1 :])
        try:
            assert np.array_equal(World(folder).segments("street"), right)  # the packing's time and system say nothing
        except WorldError:
            refused += 1
    assert refused >= len(whole) - 6


@pytest.mark.parametrize("data", [SEGMENTS.encode(), gzip.compress(SEGMENTS.encode()) + b"more"])
def test_what_is_not_wholly_packed_is_no_packed_table(folder: Path, data: bytes) -> None:
    (folder / "street" / "segments.csv.gz").write_bytes(data)
    with pytest.raises(WorldError, match=r"segments.csv.gz is damaged or no gzip file"):
        World(folder).segments("street")


def test_a_table_that_unpacks_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = SEGMENTS.splitlines()[0].encode() + b"\n"
    path = folder / "street" / "segments.csv.gz"
    monkeypatch.setattr("sims.world.MAX_TABLE", 500_000)
    path.write_bytes(gzip.compress(header) + gzip.compress(bytes(10_000_000)) * 40)  # 400 MB of zeros in half a MB
    tracemalloc.start()
    try:
        with pytest.raises(
            WorldError, match=r"segments.csv.gz holds more than 500000 characters, too many for a table"
        ):
            World(folder).segments("street")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


# --------------------------------------------------------------------------------------------------- the built-in world

COUNTS = {"street": 620, "landscape": 460, "panorama": 60}
# Classes that fewer than 5 % of the training frames show, with the share that was measured.
RARE: dict[tuple[str, str], float] = {}


@pytest.fixture(scope="module")
def world() -> World:
    return World(BUILTIN)


def test_the_world_ships_whole(world: World) -> None:
    """Every file that is listed is there, has its header and its size, and no other lies there."""
    assert world.spaces == tuple(SPACES)
    for space, least in COUNTS.items():
        notes = world.frames(space)
        assert len(notes) >= least
        size = (1024, 256) if space == "panorama" else (512, 256)
        for part in ("pictures", "labels"):
            names = {f"{one.number}.webp" for one in notes}
            paths = list((world.folder / space / part).iterdir())
            assert {path.name for path in paths} == names
            for path in paths:
                with Image.open(path) as image:
                    assert (image.size, image.mode, image.format) == (size, "RGB", "WEBP"), path


def test_the_world_is_small(world: World) -> None:
    files = [path for path in world.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 45_000_000
    allowed = {"pictures", "labels", "frames.csv", "segments.csv.gz", "card.md"}
    assert {
        path.relative_to(world.folder).parts[-1 if path.suffix in (".csv", ".gz", ".md") else 1] for path in files
    } == allowed


def test_tables_have_room_to_grow(world: World) -> None:
    for space in SPACES:
        assert len(gzip.decompress((world.folder / space / "segments.csv.gz").read_bytes())) < MAX_TABLE / 10


@pytest.mark.parametrize("space", SPACES)
def test_frames_are_held_out_by_their_last_digit(world: World, space: str) -> None:
    for notes in world.frames(space):
        assert (notes.split == "held_out") == notes.number.endswith("7")
    assert 0.05 < len(world.frames(space, "held_out")) / len(world.frames(space)) < 0.15


@pytest.mark.parametrize("space", SPACES)
def test_segments_tell_of_the_frames_they_belong_to(world: World, space: str) -> None:
    for notes in world.frames(space)[::40]:
        frame, segments = world.read(space, notes.number), world.segments(space, notes.number)
        own = segments[segments["instance"] > 0]
        assert own["pixels"].tolist() == np.bincount(frame.instances.ravel())[1:].tolist()
        assert (frame.instances[own["y"], own["x"]] == own["instance"]).all()
        patches = segments[segments["instance"] == 0]
        assert (frame.labels[patches["y"], patches["x"]] == patches["label"]).all()
        assert not frame.instances[patches["y"], patches["x"]].any()
        covered = segments["pixels"].sum() / frame.labels.size
        assert 0.9 < covered <= 1
        finite = segments["depth"][np.isfinite(segments["depth"])]
        assert (finite > 0).all()
        assert frame.picture.std() > 15  # neither black nor blank


@pytest.mark.parametrize("space", ["street", "landscape"])
def test_no_class_is_too_rare_to_learn(world: World, space: str) -> None:
    classes = [label for label in label_space(space).classes if label.id != label_space(space).unknown]
    training = world.frames(space, "training")
    shown = np.zeros(256, int)
    for notes in training:
        with Image.open(world.folder / space / "labels" / f"{notes.number}.webp") as image:
            shown[np.unique(np.array(image)[..., 0])] += 1
    shares = {(space, label.name): shown[label.id] / len(training) for label in classes}
    rare = {key: share for key, share in shares.items() if share < 0.05}
    assert rare == {key: pytest.approx(share, abs=0.005) for key, share in RARE.items() if key[0] == space}


def test_panoramas_go_all_around(world: World) -> None:
    """Across the seam, a panorama changes about as much as between neighbouring columns, far less than between others.

    About, because lossy WebP predicts every column from the one on its left, and the first from nothing.
    """
    seams, steps = [], []
    for notes in world.frames("panorama"):
        frame = world.read("panorama", notes.number)
        picture = frame.picture.astype(int)
        step = np.abs(picture - np.roll(picture, 1, axis=1)).mean(axis=(0, 2))  # step[0] is across the seam
        opposite = np.abs(picture - np.roll(picture, picture.shape[1] // 2, axis=1)).mean()
        assert step[0] < opposite / 2, notes.number
        assert (frame.labels[:, 0] != frame.labels[:, -1]).mean() < 0.1, notes.number
        seams.append(step[0])
        steps.append(np.median(step))
    assert np.mean(seams) < 3 * np.mean(steps)


def test_the_card_tells_of_the_world(world: World) -> None:
    card = (world.folder / "card.md").read_text(encoding="utf-8")
    for space in SPACES:
        training, held_out = (len(world.frames(space, split)) for split in ("training", "held_out"))
        assert f"| {space} | {training + held_out} | {training} | {held_out} |" in card
    assert "## Licence\n\nMIT" in card
