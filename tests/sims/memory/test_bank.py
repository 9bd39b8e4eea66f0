"""Banks: what they hold, and that no damaged or hostile one gets past its checks."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from sims.memory import bank_sources
from sims.memory.bank import ArrayCache, Bank
from sims.memory.bank_builder import build_bank
from sims.memory.bank_file import BankError
from sims.memory.bank_sources import Choices, FolderSource, WorldSource, packed_layout
from sims.memory.rules import roles
from sims.memory.segments import segments_of
from sims.world import World

BUILTIN = Path(__file__).parents[3] / "zoo" / "builtin" / "bank-street"
THIN = roles("street").thin
FRAMES = ("000000", "000011", "000023")
SIZE = (64, 128)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bank of three street frames at a quarter of their size, with pictures twice as large."""
    folder = tmp_path_factory.mktemp("own")
    for kind in ("images", "labels"):
        (folder / kind).mkdir()
    for number in FRAMES:
        frame = World().read("street", number)
        Image.fromarray(frame.picture).resize((256, 128)).save(folder / "images" / f"{number}.png")
        Image.fromarray(np.ascontiguousarray(frame.labels[::2, ::2])).save(folder / "labels" / f"{number}.png")
    choices = Choices(size=SIZE, minimum_area=5, lossless=True)
    source = FolderSource(folder / "images", folder / "labels", choices)
    build_bank(source, folder / "bank", choices, licence="MIT", origin="", progress=lambda fraction, what: None)
    return folder


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sound / "bank", tmp_path / "bank")


def _use_all(folder: Path, name: str | None = None) -> None:
    """Read everything that a bank holds."""
    bank = Bank.open(folder, name)
    for channel in np.unique(bank.segments["channel"]):
        bank.index(channel)
    for frame in np.unique(bank.segments["frame"]):
        bank.labels(frame), bank.picture(frame)
    bank.tile(0, 2 * SIZE[0])


def _changed(folder: Path, change: Callable[[dict[str, np.ndarray]], Any]) -> None:
    """The bank with tables changed, and whole as a file."""
    tables = load_file(folder / "model.safetensors")
    change(tables)
    save_file(tables, folder / "model.safetensors")


def test_a_bank_holds_the_segments_of_its_layouts(sound: Path) -> None:
    bank = Bank.open(sound / "bank")
    assert (bank.space.name, bank.size) == ("street", SIZE)
    seen = 0
    for frame, number in enumerate(FRAMES):
        assert bank.frame_name(frame) == number
        channels = bank.labels(frame)
        ids = World().read("street", number).labels[::2, ::2]
        assert np.array_equal(channels, np.array(Image.fromarray(ids).resize((128, 64), Image.Resampling.NEAREST)))
        mine = {(row["channel"], row["page"]): at for at, row in enumerate(bank.segments) if row["frame"] == frame}
        found = [segment for segment in segments_of(channels, 19, THIN) if segment.area > 5]
        assert mine.keys() == {(segment.channel, segment.page) for segment in found}
        for segment in found:
            at = mine[segment.channel, segment.page]
            row = bank.segments[at]
            assert np.array_equal(bank.mask(at), segment.mask)
            assert tuple(row[["top", "left", "bottom", "right"]].tolist()) == segment.box
            assert row["area"] == segment.area
            assert at in bank.of_channel(segment.channel)
            seen += 1
    assert seen == len(bank) > 60


def test_tiles_are_the_pictures_colours_inside_the_masks(sound: Path) -> None:
    bank = Bank.open(sound / "bank")
    picture = np.array(Image.open(sound / "images" / f"{FRAMES[1]}.png"))
    number = int(np.flatnonzero(bank.segments["frame"] == 1)[4])
    mask = bank.mask(number)
    assert np.array_equal(bank.picture(1), picture)
    doubled = mask.repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(bank.tile(number, 128), np.where(doubled[..., None], picture, 0))
    smaller = np.array(Image.fromarray(picture).resize((128, 64), Image.Resampling.BICUBIC))
    assert np.array_equal(bank.tile(number, 64), np.where(mask[..., None], smaller, 0))
    assert bank.tile(number, 256).shape == (256, 512, 3)
    with pytest.raises(BankError, match="Pictures of 100 rows cannot be cut from this bank; it makes those of 64, 128"):
        bank.tile(number, 100)


def test_a_bank_knows_how_much_memory_it_takes(sound: Path) -> None:
    bank = Bank.open(sound / "bank")
    bare = bank.nbytes
    assert bare == bank.segments.nbytes
    held = bank.labels(0).nbytes + bank.picture(0).nbytes
    assert bank.nbytes == bare + held == bare + 64 * 128 + 128 * 256 * 3
    runs = int((bank.segments["runs"][bank.segments["channel"] == 0]).sum())
    index = bank.index(0)
    assert bank.nbytes == bare + held + 2 * 4 * runs + 8 * (2 * len(index) + 1)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "config.json").unlink(), "our-bank holds no config.json; "),
        (lambda folder: (folder / "config.json").write_text("{"), "our-bank/config.json is not JSON "),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"12345678"), "our-bank/model.safetensors is "),
        (lambda folder: _changed(folder, lambda t: t.pop("segments.page")), "our-bank is a damaged bank: it has no"),
        (
            lambda folder: _changed(folder, lambda t: _other_masks(t, lambda packed: b"")),
            "our-bank is a damaged bank: the masks of channel 0 cannot be read",
        ),
        (
            lambda folder: _changed(folder, lambda t: _other_file(t, "pictures", b"", check=False)),
            f"our-bank is a damaged bank: the picture of its frame {FRAMES[0]} is not",
        ),
    ],
)
def test_a_bank_is_called_by_its_name(copy: Path, damage: Callable[[Path], Any], told: str) -> None:
    damage(copy)
    said, unnamed = _told(copy, "our-bank"), _told(copy)
    assert re.match(told, said)
    assert str(copy) not in said
    assert unnamed == said.replace("our-bank", str(copy))


def test_threads_share_a_bank(sound: Path) -> None:
    bank, results = Bank.open(sound / "bank"), []
    threads = [
        threading.Thread(target=lambda: results.append([bank.tile(at, 128).sum() for at in range(0, len(bank), 3)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [results[0]] * 4


def test_what_is_kept_of_frames_is_bounded(sound: Path) -> None:
    cache, made = ArrayCache(3000), []
    for key in (1, 2, 3, 1, 4, 1, 2):
        cache.get(key, lambda key=key: (made.append(key), np.full(1000, key, np.uint8))[1])
    assert made == [1, 2, 3, 4, 2]
    assert not cache.get(2, lambda: np.zeros(0)).flags.writeable


def test_the_built_in_bank_is_sound_and_belongs_to_the_built_in_world() -> None:
    bank = Bank.open(BUILTIN)
    held_out = {notes.number for notes in World().frames("street", "held_out")}
    names = [bank.frame_name(frame) for frame in np.unique(bank.segments["frame"])]
    assert len(names) == len(World().frames("street", "training")) > 500
    assert not held_out & set(names)
    assert all(len(bank.index(channel)) for channel in range(19))
    assert sum(len(bank.index(channel)) for channel in range(19)) == len(bank) > 12_000
    assert bank.size == (256, 512)
    for frame in range(0, len(names), 29):
        assert np.array_equal(bank.labels(frame), World().read("street", bank.frame_name(frame)).labels)
        assert bank.picture(frame).shape == (256, 512, 3)
    assert (BUILTIN / "model.safetensors").stat().st_size < 2_500_000


@pytest.mark.parametrize("seed", range(60))
def test_any_changed_byte_and_any_cut_is_told_in_a_sentence(copy: Path, seed: int) -> None:
    """Damage anywhere is either found, or in a place that changes nothing."""
    path, rng = copy / "model.safetensors", np.random.default_rng(seed)
    data = bytearray(path.read_bytes())
    header = 8 + struct.unpack("<Q", data[:8])[0]
    if seed < 10:
        del data[int(rng.integers(len(data))) :]
    else:
        low, high = ((0, header), (header, len(data)), (header, header + 3000))[seed % 3]
        for place in rng.integers(low, high, 3):
            data[place] ^= int(rng.integers(1, 256))
    path.write_bytes(data)
    told = _told(copy)
    assert told or seed >= 10
    assert re.fullmatch(r"(.+\.)?", told)


def _told(folder: Path, name: str | None = None) -> str:
    """What is said of a bank when everything in it is read; nothing of a sound one."""
    try:
        _use_all(folder, name)
    except BankError as error:
        return str(error)
    return ""


SEGMENT_FAULTS: dict[str, tuple[str, int, str]] = {
    "frame": ("frame", 3, "is of a frame that there is not"),
    "negative frame": ("frame", -1, "is of a frame that there is not"),
    "void": ("channel", 19, "has a channel that is no class"),
    "channel": ("channel", 250, "has a channel that is no class"),
    "order": ("page", 9999, "is out of order"),
    "empty box": ("bottom", 0, "has a box outside the layout"),
    "box": ("right", 129, "has a box outside the layout"),
    "area": ("area", 1 << 30, "has an area that its box has no room for"),
    "small": ("area", 5, "has an area that its box has no room for"),
    "context": ("context", 0, "has more context than its box"),
    "much context": ("context", 1 << 20, "has more context than its box"),
    "no runs": ("runs", 0, "has an impossible number of runs"),
    "runs": ("runs", 1 << 30, "has an impossible number of runs"),
}


@pytest.mark.parametrize("fault", SEGMENT_FAULTS)
def test_a_wrong_segment_is_named(copy: Path, fault: str) -> None:
    field, value, told = SEGMENT_FAULTS[fault]

    def change(tables: dict[str, np.ndarray]) -> None:
        tables[f"segments.{field}"][0] = value

    _changed(copy, change)
    with pytest.raises(BankError, match=f"is a damaged bank: its segment [01] {told}; get it again or build it anew"):
        Bank.open(copy)


def _swap(tables: dict[str, np.ndarray], name: str) -> None:
    tables[name][1:3] = tables[name][2:0:-1].copy()


def _cut(tables: dict[str, np.ndarray], name: str) -> None:
    tables[name] = tables[name][:-1].copy()


TABLE_FAULTS: dict[str, tuple[Callable[[dict[str, np.ndarray]], Any], str]] = {
    "missing": (lambda t: t.pop("segments.page"), "it has no table segments.page"),
    "added": (lambda t: t.update(more=np.zeros(2)), "it has a table more that banks do not have"),
    "type": (
        lambda t: t.update({"segments.area": t["segments.area"] * 1.0}),
        "its table segments.area is F64 of shape",
    ),
    "shape": (lambda t: t.update({"masks.codes": t["masks.codes"][None]}), "its table masks.codes is U8 of shape"),
    "length": (lambda t: _cut(t, "segments.top"), r"segments, and its tables have \d+\.\.\d+"),
    "mask offsets": (lambda t: _swap(t, "masks.offsets"), "the offsets of its masks do not divide"),
    "picture offsets": (lambda t: _swap(t, "pictures.offsets"), "the offsets of its pictures do not divide"),
    "label offsets": (lambda t: _cut(t, "labels.offsets"), "the offsets of its labels do not divide"),
    "checks": (lambda t: _cut(t, "labels.checks"), "it has 3 frames and 2 checks of their labels"),
    "names": (lambda t: t.update({"frames.names": np.full(8, 255, np.uint8)}), "the names of its frames are no text"),
    "few names": (lambda t: t.update({"frames.names": t["frames.names"][:9].copy()}), "its config says 3 frames"),
}


@pytest.mark.parametrize("fault", TABLE_FAULTS)
def test_a_wrong_table_is_named(copy: Path, fault: str) -> None:
    change, told = TABLE_FAULTS[fault]
    _changed(copy, change)
    with pytest.raises(BankError, match=f"is a damaged bank: .*{told}"):
        Bank.open(copy)


def _other_masks(tables: dict[str, np.ndarray], codes: Callable[[bytes], bytes]) -> None:
    """The same masks, but the packed ones of the first channel, road, exchanged."""
    offsets = tables["masks.offsets"]
    packed = codes(tables["masks.codes"][: offsets[1]].tobytes())
    tables["masks.codes"] = np.concatenate([np.frombuffer(packed, np.uint8), tables["masks.codes"][offsets[1] :]])
    tables["masks.offsets"] = np.concatenate([[0], offsets[1:] + len(packed) - offsets[1]]).astype(np.int64)


@pytest.mark.parametrize(
    "codes",
    [
        lambda packed: b"",
        lambda packed: packed[:-9],
        lambda packed: zlib.compress(zlib.decompress(packed)[:-2]),
        lambda packed: zlib.compress(bytes(1 << 24)),
        lambda packed: zlib.compress(bytes([255]) * len(zlib.decompress(packed))),
        lambda packed: zlib.compress(bytes(len(zlib.decompress(packed)))),
    ],
    ids=["none", "cut", "short", "bomb", "too far", "no pixels"],
)
def test_masks_that_are_not_what_the_tables_say_are_refused(copy: Path, codes: Callable[[bytes], bytes]) -> None:
    _changed(copy, lambda tables: _other_masks(tables, codes))
    with pytest.raises(BankError, match="the masks of channel 0 cannot be read; get it again"):
        Bank.open(copy).index(0)


def _other_file(tables: dict[str, np.ndarray], kind: str, data: bytes, check: bool) -> None:
    """The file of the first frame exchanged; with its check, as somebody would who means it."""
    offsets = tables[f"{kind}.offsets"]
    tables[f"{kind}.bytes"] = np.concatenate([np.frombuffer(data, np.uint8), tables[f"{kind}.bytes"][offsets[1] :]])
    tables[f"{kind}.offsets"] = np.concatenate([[0], offsets[1:] + len(data) - offsets[1]]).astype(np.int64)
    if check:
        tables[f"{kind}.checks"][0] = zlib.crc32(data)


def _encoded(array: np.ndarray, form: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("labels", b""),
        ("labels", b"\x89PNG\r\n\x1a\n"),
        ("labels", packed_layout(np.zeros((64, 64), np.uint8))),
        ("labels", packed_layout(np.zeros((1 << 12, 1 << 12), np.uint8))),
        ("labels", packed_layout(np.full(SIZE, 20, np.uint8))),
        ("labels", packed_layout(np.zeros(SIZE, np.uint8))[:-8]),
        ("pictures", b"RIFF"),
        ("pictures", _encoded(np.zeros((*SIZE, 3), np.uint8), "PNG")),
        ("pictures", _encoded(np.zeros((100, 200, 3), np.uint8), "WEBP")),
    ],
)
def test_a_wrong_picture_or_layout_is_refused_with_its_frame(copy: Path, kind: str, data: bytes, check: bool) -> None:
    _changed(copy, lambda tables: _other_file(tables, kind, data, check))
    bank = Bank.open(copy)
    what = "layout" if kind == "labels" else "picture"
    with pytest.raises(BankError, match=f"the {what} of its frame {FRAMES[0]} is not the one that it was built with"):
        (bank.labels if kind == "labels" else bank.picture)(0)
    assert (bank.labels if kind == "labels" else bank.picture)(1).any()


def _world_bank(copy: Path, tables: dict[str, np.ndarray]) -> None:
    """The bank made into one that points to the world."""
    for name in [name for name in tables if name.startswith(("pictures.", "labels.")) and "checks" not in name]:
        del tables[name]
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "source": "world"}))


@pytest.mark.parametrize("name", ["000007", "../../a", "999999"])
def test_a_bank_points_to_training_frames_only(copy: Path, name: str) -> None:
    def change(tables: dict[str, np.ndarray]) -> None:
        _world_bank(copy, tables)
        tables["frames.names"] = np.frombuffer("\n".join([name, *FRAMES[1:]]).encode(), np.uint8)

    _changed(copy, change)
    with pytest.raises(BankError, match="is no training frame of the built-in world"):
        Bank.open(copy)


def test_a_changed_world_is_noticed(copy: Path) -> None:
    _changed(copy, lambda tables: _world_bank(copy, tables))
    with pytest.raises(BankError, match=f"the layout of its frame {FRAMES[0]} is not the one that it was built with"):
        Bank.open(copy).labels(0)


CONFIG_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "family": ({"family": "spade"}, "is not one of family spade"),
    "space": ({"label_space": "moon"}, "There is no label space 'moon'"),
    "other space": ({"label_space": "landscape"}, "is a damaged bank: "),
    "no segments": ({"segments": 0}, "'segments' is 0"),
    "segments": ({"segments": 50_000_000}, "its config says 50000000 segments"),
    "frames": ({"frames": 4}, "its config says 4 frames"),
    "size": ({"size": [32, 64]}, "has a box outside the layout"),
    "shape": ({"size": [64, 64]}, "the width must be twice the height"),
    "source": ({"source": "elsewhere"}, "'source' is 'elsewhere'"),
    "field": ({"pages": 1}, "'pages' is not one of family bank"),
}


@pytest.mark.parametrize("fault", CONFIG_FAULTS)
def test_a_config_is_not_believed(copy: Path, fault: str) -> None:
    fields, told = CONFIG_FAULTS[fault]
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **fields}))
    with pytest.raises(BankError, match=told):
        Bank.open(copy)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_folder_that_is_no_bank_is_told(copy: Path, missing: str) -> None:
    (copy / missing).unlink()
    with pytest.raises(BankError, match=f"holds no {missing}"):
        Bank.open(copy)


def test_sources_read_what_banks_hold() -> None:
    source = WorldSource(Choices())
    assert source.names[0] == FRAMES[0]
    frame = source.read(0)
    assert np.array_equal(frame.channels, World().read("street", FRAMES[0]).labels)
    with pytest.raises(BankError, match="holds no space 'cityscapes'"):
        WorldSource(Choices(space="cityscapes"))
    assert bank_sources.check_of(frame.files["labels"]) == zlib.crc32(frame.files["labels"])


def test_a_damaged_world_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "street").mkdir()
    shutil.copy(World().folder / "street" / "frames.csv", tmp_path / "street")
    monkeypatch.setattr(bank_sources, "World", lambda: World(tmp_path))
    with pytest.raises(BankError, match=r"000000.webp is missing, though its frame is listed; pack the world again"):
        WorldSource(Choices()).read(0)
