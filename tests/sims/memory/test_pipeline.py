"""The whole of SIMS on a small bank with untrained networks: what decides a picture, what is kept, what is refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from small_sims import VOID, frame_layout, scene, sims_checkpoint, without

from sims.generator import ImageRequest, LayoutRequest, RequestError
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.memory import composition
from sims.memory.bank import Bank
from sims.memory.bank_file import BankError
from sims.memory.composition import LEAST_FIT
from sims.memory.pipeline import SimsGenerator
from sims.memory.stages import Stages
from sims.ui.session import FAULTS

STREET = label_space("street")


def loaded(folder: Path) -> SimsGenerator:
    generator = load(folder, device="cpu")
    assert isinstance(generator, SimsGenerator)
    return generator


@pytest.fixture(scope="module")
def sims(tiny_sims: Path) -> SimsGenerator:
    return loaded(tiny_sims)


@pytest.fixture
def fresh(tiny_sims: Path, tmp_path: Path) -> SimsGenerator:
    """A generator that has not made anything yet."""
    return loaded(shutil.copytree(tiny_sims, tmp_path / "tiny-sims"))


def stages(generator: SimsGenerator, layout: Layout | None = None, seed: int = 0, **options: str) -> Stages:
    return generator.stages(LayoutRequest(layout or scene(), options=options), seed=seed)


def colours_of(picture: np.ndarray) -> set[int]:
    return set(np.unique(picture.astype(np.int64) @ (1, 256, 65536)).tolist())


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[None]:
    """A list that grows by one with every call of a function, which goes on doing its work."""
    calls: list[None] = []
    real: Callable[..., Any] = getattr(owner, name)

    def call(*given: Any, **named: Any) -> Any:
        calls.append(None)
        return real(*given, **named)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_the_request_and_the_seed_decide_and_nothing_else_does(fresh: SimsGenerator, tiny_sims: Path) -> None:
    request = LayoutRequest(scene(), options={"variety": "diverse"})
    first = fresh.generate(request, seed=5)
    fresh.generate(request, seed=6)
    fresh.generate(LayoutRequest(frame_layout().resize(64, 128)), seed=5)
    assert np.array_equal(fresh.generate(request, seed=5).image, first.image)
    assert np.array_equal(loaded(tiny_sims).generate(request, seed=5).image, first.image)  # another one
    assert not np.array_equal(fresh.generate(request, seed=6).image, first.image)
    assert first.options == {"variety": "diverse", "rules": "paper", "candidates": "", "completion": "off"}
    assert tuple(first.seconds) == tuple(name for name in fresh.stage_names if name != "complete")


def test_stages_are_those_of_the_picture(sims: SimsGenerator) -> None:
    picture = sims.generate(LayoutRequest(scene()), seed=2)
    found = stages(sims, seed=2)
    assert np.array_equal(found.image, picture.image)
    assert picture.image.shape == found.canvas.shape == (256, 512, 3)
    assert not found.completed
    assert np.array_equal(found.layout.ids, scene().ids)
    assert [(each.number, each.name, each.place) for each in found.segments] == [
        *((1, "sky", 1), (2, "building", 2), (3, "road", 3), (4, "vegetation", 4), (5, "car", 5))  # the speck has none
    ]
    for each in found.segments:
        scores = [one.mask_iou + one.context_iou for one in each.found]
        assert scores == sorted(scores, reverse=True)
        assert all(LEAST_FIT <= one.mask_iou <= 1 and 0 <= one.context_iou <= 1 for one in each.found)
        assert 1 <= len(each.found) <= 10
        assert each.area == (scene().ids == STREET.id_of(each.name)).sum()
    seen = found.canvas.any(2) & (found.canvas != 255).any(2)
    pasted = np.any([(each.piece == found.canvas).all(2) for each in found.segments], axis=0)
    assert pasted[seen].all()  # the canvas shows pieces, white and black, and nothing else


def test_every_stage_is_timed_for_itself(fresh: SimsGenerator) -> None:
    picture = fresh.generate(LayoutRequest(scene(), options={"completion": "on"}))
    assert tuple(picture.seconds) == fresh.stage_names
    assert min(picture.seconds.values()) > 0
    asked = picture.seconds["order"]
    again = fresh.generate(LayoutRequest(scene(), options={"completion": "on"}), seed=1)
    assert again.seconds["order"] == 0 < asked  # all answers are known


def test_stages_are_of_layouts(sims: SimsGenerator) -> None:
    with pytest.raises(RequestError, match="works from a layout, and was given a picture"):
        sims.stages(ImageRequest(np.zeros((8, 8, 3), np.uint8)))  # type: ignore[arg-type]


def test_stages_have_the_size_of_the_picture_and_their_caller_cannot_spoil_it(sims: SimsGenerator) -> None:
    first = sims.generate(LayoutRequest(scene())).image
    first[:] = 7
    assert not np.array_equal(sims.generate(LayoutRequest(scene())).image, first)


def test_another_candidate_changes_what_it_covers_and_nothing_else(sims: SimsGenerator) -> None:
    before, after = stages(sims), stages(sims, candidates="4:2")
    assert [each.chosen for each in after.segments] == [0, 0, 0, 2, 0]
    assert before.segments[3].found == after.segments[3].found
    reach = np.zeros((256, 512), bool)
    for piece in (before.segments[3].piece, after.segments[3].piece):
        rows, columns = np.nonzero(piece.any(2))
        reach[max(0, rows.min() - 15) : rows.max() + 16, max(0, columns.min() - 15) : columns.max() + 16] = True
    changed = (before.canvas != after.canvas).any(2) | (before.adapted.ids != after.adapted.ids)
    assert changed.any()
    assert not (changed & ~reach).any()
    assert not np.array_equal(before.image, after.image)


def test_a_changed_candidate_costs_one_transformation_and_no_retrieval(
    fresh: SimsGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought = counted(monkeypatch, composition, "retrieve_all")
    moved = counted(monkeypatch, fresh.composer, "moved")
    ordered = counted(monkeypatch, fresh.composer, "front")
    made = counted(monkeypatch, fresh, "_synthesised")
    stages(fresh)
    assert (len(sought), len(moved), len(made)) == (1, 5, 1)
    assert len(ordered) > 0
    before = len(ordered)
    stages(fresh, candidates="2:1")
    assert (len(sought), len(moved), len(made)) == (1, 6, 2)
    assert len(ordered) <= before + 3  # with what the new shape covers, and no more
    stages(fresh, candidates="2:1")
    stages(fresh)
    assert (len(sought), len(moved), len(made)) == (1, 6, 2)
    stages(fresh, seed=1)
    assert (len(sought), len(moved), len(made)) == (1, 6, 3)
    stages(fresh, scene().repainted(scene().ids[:, ::-1].copy()))
    assert len(sought) == 2


def test_diverse_pictures_take_other_candidates_of_the_ten(sims: SimsGenerator) -> None:
    drawn = {tuple(each.chosen for each in stages(sims, seed=seed, variety="diverse").segments) for seed in range(5)}
    assert len(drawn) == 5
    assert {0} < {rank for ranks in drawn for rank in ranks} <= set(range(10))
    best = [each.chosen for each in stages(sims, seed=3).segments]
    assert best == [0] * 5
    both = stages(sims, seed=3, variety="diverse", candidates="1:7,5:0").segments
    drawn_alone = stages(sims, seed=3, variety="diverse").segments
    assert (both[0].chosen, both[4].chosen) == (7, 0)
    assert [each.chosen for each in both[1:4]] == [each.chosen for each in drawn_alone[1:4]]


def test_the_released_rules_round_what_moves_seek_by_masks_and_elide_otherwise(sims: SimsGenerator) -> None:
    paper, released = stages(sims), stages(sims, rules="released")
    assert sims.composer is not None
    for found, is_whole in ((paper, False), (released, True)):
        moved = [each for each in found.segments if each.moved]
        assert moved
        for each in moved:
            tile = sims.composer.bank.tile(each.found[0].index, 256)
            assert (colours_of(each.piece) <= colours_of(tile)) == is_whole  # moved by whole pixels, or between them
    for each in released.segments:
        assert [one.mask_iou for one in each.found] == sorted((one.mask_iou for one in each.found), reverse=True)
        assert {one.context_iou for one in each.found} == {0}
    white = [(one.canvas == 255).all(2).sum() for one in (paper, released)]
    assert white[0] != white[1]
    assert np.array_equal(stages(sims).image, paper.image)
    assert not np.array_equal(paper.image, released.image)


def test_completion_fills_what_is_void_and_leaves_the_rest(sims: SimsGenerator) -> None:
    coarse = without(scene(), ("car", "vegetation"))
    off, on = stages(sims, coarse), stages(sims, coarse, completion="on")
    is_open = coarse.ids == VOID
    assert not off.completed
    assert on.completed
    assert np.array_equal(off.layout.ids, coarse.ids)
    assert (on.layout.ids[is_open] != VOID).all()
    assert np.array_equal(on.layout.ids[~is_open], coarse.ids[~is_open])
    dense = np.where(scene().ids == VOID, np.uint8(0), scene().ids)
    same = stages(sims, Layout(dense, STREET), completion="on")
    assert np.array_equal(same.layout.ids, dense)
    assert np.array_equal(same.image, stages(sims, Layout(dense, STREET)).image)


def painted_over(*names: str) -> Layout:
    """The scene with a large block of each of the named classes."""
    ids = scene().ids.copy()
    for number, name in enumerate(names):
        ids[10:50, 20 + 100 * number : 90 + 100 * number] = STREET.id_of(name)
    return Layout(ids, STREET)


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ((), "nothing"),
        (("wall",), "some of the wall of"),
        (("wall", "train"), "some of the wall and train of"),
        (("train",), "some of the train of"),
    ],
)
def test_classes_that_the_memory_lacks_are_told(sims: SimsGenerator, classes: tuple[str, ...], told: str) -> None:
    layout = painted_over(*classes)
    for _ in range(2):  # the second time it is told of what was kept
        notes = sims.generate(LayoutRequest(layout)).notes
        assert [note for note in notes if "memory" in note] == [note for note in notes if told in note]
        assert len(notes) == (1 if classes else 0)
    found = stages(sims, layout)
    assert set(found.missing) == set(classes)
    for each in found.segments:
        assert (each.chosen is None) == (each.name in classes) == (each.place == 0) == (not each.piece.any())
    assert [each.place for each in found.segments if each.place] == [1, 2, 3, 4, 5]
    lacking = np.isin(layout.ids, [STREET.id_of(name) for name in classes])
    inside = lacking & (found.adapted.ids == layout.ids)
    assert (found.canvas[inside] == 0).all()  # nothing lies under it, and the layout says what it is
    assert inside.sum() >= 0.9 * lacking.sum()


def test_a_candidate_lies_where_its_segment_does(sims: SimsGenerator) -> None:
    """In a corner of the sky there is no pole in any frame: what lies elsewhere is no candidate."""
    ids = np.full((256, 512), 10, np.uint8)
    ids[:40, :12] = STREET.id_of("rider")
    found = stages(sims, Layout(ids, STREET))
    assert found.missing == ("rider",)
    assert not found.segments[1].found


def test_blue_and_red_change_places_with_the_colour_order(street_bank: Path, tmp_path: Path, tiny_sims: Path) -> None:
    flipped = loaded(sims_checkpoint(tmp_path / "bgr", street_bank, colour_order="bgr"))
    ours, theirs = (stages(generator) for generator in (loaded(tiny_sims), flipped))
    assert np.array_equal(ours.image[..., ::-1], theirs.image)
    assert np.array_equal(ours.canvas, theirs.canvas)


@pytest.mark.parametrize("height", [512, pytest.param(1024, marks=pytest.mark.slow)])
def test_larger_pictures_come_from_the_same_bank(height: int, street_bank: Path, tmp_path: Path) -> None:
    large = loaded(sims_checkpoint(tmp_path / "large", street_bank, size=[height, 2 * height]))
    found = stages(large, completion="on")
    assert found.image.shape == found.canvas.shape == (height, 2 * height, 3)
    assert found.adapted.size == (height, 2 * height)
    assert [each.name for each in found.segments] == ["sky", "building", "road", "vegetation", "car"]
    assert found.segments[4].area == 5000  # in pixels of 256 rows
    piece = found.segments[2].piece
    own = large.composer.bank.mask(found.segments[2].found[0].index)  # type: ignore[union-attr]
    scale = height // 256
    if not found.segments[2].moved:
        assert not piece[~own.repeat(scale, 0).repeat(scale, 1)].any()


def test_networks_can_be_left_out(street_bank: Path, tmp_path: Path) -> None:
    left_out = dict.fromkeys(("transform_width", "order_width", "completion_width"))
    bare = loaded(sims_checkpoint(tmp_path / "bare", street_bank, **left_out))
    assert [choice.name for choice in bare.card.options] == ["variety", "rules", "candidates"]
    found = stages(bare)
    assert not any(each.moved for each in found.segments)
    blank = loaded(sims_checkpoint(tmp_path / "blank", None, **left_out, memory="none"))
    assert blank.card.options == ()
    alone = stages(blank)
    assert (alone.segments, alone.missing, alone.canvas.any()) == ((), (), False)
    assert np.array_equal(alone.adapted.ids, scene().ids)
    with pytest.raises(RequestError, match="has no segment 0 in its memory"):
        blank.cutout(0)


@pytest.mark.parametrize("size", [(100, 300), (8, 8), (1024, 2048), (37, 2048)])
def test_layouts_of_any_size_are_taken(size: tuple[int, int], sims: SimsGenerator) -> None:
    found = stages(sims, scene().resize(*size))
    assert found.image.shape == (256, 512, 3)
    assert found.segments


def test_a_layout_of_small_segments_needs_no_room(sims: SimsGenerator) -> None:
    """Every pixel of every second row and column is a segment of its own: thousands of them."""
    ids = np.full((256, 512), VOID, np.uint8)
    ids[::2, ::2] = np.random.default_rng(1).integers(0, 19, (128, 256))
    found = stages(sims, Layout(ids, STREET))
    assert found.segments == ()
    assert not found.canvas.any()
    named = ids != VOID
    thin = np.isin(ids, [STREET.id_of(name) for name in ("pole", "traffic light", "traffic sign")])
    assert np.array_equal(found.adapted.ids[named & ~thin], ids[named & ~thin])
    composed = list(sims._compositions.values())[-1]
    assert composed.nbytes < 6e6


@pytest.mark.parametrize("option", ["off", "on"])
def test_a_void_layout_is_refused(sims: SimsGenerator, option: str) -> None:
    void = np.full((256, 512), VOID, np.uint8)
    speck = np.full((1024, 2048), VOID, np.uint8)
    speck[0, 0] = 13  # is lost at the size of the network
    says = {
        "The layout is void everywhere in the street space; paint at least one class": void,
        "Nothing of the layout is left at 512x256 in the street space; paint something larger": speck,
    }
    for told, ids in says.items():
        with pytest.raises(RequestError, match=told):
            sims.generate(LayoutRequest(Layout(ids, STREET), options={"completion": option}))


def test_layouts_of_other_spaces_are_mapped_by_name(sims: SimsGenerator) -> None:
    cityscapes = scene().to_space("cityscapes").layout
    picture = sims.generate(LayoutRequest(cityscapes))
    assert np.array_equal(picture.image, sims.generate(LayoutRequest(scene())).image)
    land = label_space("landscape")
    ids = np.full((256, 512), land.id_of("water"), np.uint8)
    with pytest.raises(RequestError, match="void everywhere"):
        sims.generate(LayoutRequest(Layout(ids, land)))
    ids[:80] = land.id_of("sky")
    mostly = sims.generate(LayoutRequest(Layout(ids, land)))
    assert any("no counterpart of water" in note for note in mostly.notes)
    found = sims.stages(LayoutRequest(Layout(ids, land)))
    assert [each.name for each in found.segments] == ["sky"]
    assert np.array_equal(found.image, mostly.image)


FORM = "SEGMENT:RANK,... (at most 40; segments 1 to 999, ranks 0 to 9)."


@pytest.mark.parametrize(
    ("candidates", "says"),
    [
        ("1:0,2:1,1:0", "Segment 1 is chosen for twice; name one candidate for it"),
        ("6:0", "Segment 6 is chosen for, and this layout has 5"),
        ("1:0,999:1", "Segment 999 is chosen for, and this layout has 5"),
        ("6:2", "Candidate 2 is chosen for segment 6, and it has 0, counted from 0"),
        *((text, f"it accepts {FORM}") for text in ("0:1", "1", "1:10", "1:-1", "a:b", "1000:1")),
        *((text, f"it accepts {FORM}") for text in ("1:0,", " 1:0", "1:0\n", "1:0;2:0", "1:\u0661", "\uff11:0")),
        (",".join(f"{number}:0" for number in range(1, 42)), f"it accepts {FORM}"),
    ],
)
def test_candidates_that_there_are_not_are_told(sims: SimsGenerator, candidates: str, says: str) -> None:
    layout = painted_over("train") if candidates == "6:2" else scene()
    with pytest.raises(RequestError, match=re.escape(says)) as caught:
        sims.generate(LayoutRequest(layout, options={"candidates": candidates}))
    assert len(str(caught.value)) < 260


@pytest.mark.parametrize("kind", ["pictures", "labels"])
def test_a_damaged_frame_is_told_when_it_is_met(kind: str, tiny_sims: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_sims, tmp_path / "damaged")
    weights = folder / "bank" / "model.safetensors"
    blob = load_file(weights)[f"{kind}.bytes"].tobytes()
    data = weights.read_bytes()
    at = data.index(blob)
    weights.write_bytes(data[:at] + bytes(byte ^ 0x55 for byte in blob) + data[at + len(blob) :])
    broken = loaded(folder)
    for _ in range(2):
        with pytest.raises(FAULTS, match=r"is a damaged bank: .* get it again or build it anew") as caught:
            broken.generate(LayoutRequest(scene()))
        assert isinstance(caught.value, BankError)
        assert "\n" not in str(caught.value)


def test_cutouts_show_segments_in_their_surroundings(sims: SimsGenerator) -> None:
    assert sims.composer is not None
    bank: Bank = sims.composer.bank
    for number in (0, len(bank) // 2, len(bank) - 1):
        shown = sims.cutout(number)
        row = bank.segments[number]
        assert shown.shape[0] >= row["bottom"] - row["top"]
        assert shown.shape[1] >= row["right"] - row["left"]
        tile = bank.tile(number, 256)
        assert colours_of(tile[bank.mask(number)]) <= colours_of(shown)
    for number in (-1, len(bank)):
        with pytest.raises(RequestError, match=f"has no segment {number} in its memory"):
            sims.cutout(number)


def test_values_are_cut_off_and_not_rounded(fresh: SimsGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the released code writes them, and clipped before."""
    levels = torch.tensor([-9.0, -1.0, 0.0, 1.0, 9.0, 100.9 / 127.5 - 1]).repeat(43)[:256]
    picture = levels[None, None, :, None].expand(1, 3, 256, 512)
    monkeypatch.setattr(fresh.synthesis, "forward", lambda x: (picture, None))
    image = fresh.generate(LayoutRequest(scene())).image
    assert image[:6, 0, 0].tolist() == [0, 0, 127, 255, 255, 100]
