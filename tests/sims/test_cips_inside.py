"""What is seen of a generator's inside: its coordinate embeddings, and the training pictures nearest to a sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from small_cips import cips_checkpoint

from sims import nearest_frames as module
from sims.cips_generator import CipsGenerator
from sims.cips_inside import embedding_components
from sims.generator import Cancelled, GridRequest, RequestError
from sims.load import card, load
from sims.nearest_frames import FRAMES, SIDE, learned_from_world, nearest_frames, training_frames
from sims.world import World


def generator(folder: Path, embedding: np.ndarray | None = None, **changes: object) -> CipsGenerator:
    """An untrained generator, its embeddings replaced by (C, h, w)."""
    made = load(cips_checkpoint(folder, **changes), device="cpu")
    if embedding is not None:
        made.network.emb.input.data = torch.from_numpy(embedding)[None].float()
    return made


def test_the_components_are_those_of_the_definition(tmp_path: Path) -> None:
    made = generator(tmp_path / "tiny")
    rows = made.network.emb.input[0].detach().double().flatten(1).T.numpy()
    values, variances = rows - rows.mean(0), np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
    found = embedding_components(made)
    assert (found.picture.shape, found.channels) == ((12, 16, 3), 8)
    assert found.shares == pytest.approx(variances[:3] / variances.sum())
    axes = np.linalg.svd(values, full_matrices=False)[2][:3]
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1))
    wanted = values @ axes.T
    wanted = (wanted / (2.5 * wanted.std(0)) + 1) / 2 * 255
    assert np.abs(found.picture.reshape(-1, 3) - wanted.clip(0, 255)).max() <= 1


def test_what_was_put_in_is_found_and_never_turned_over(tmp_path: Path) -> None:
    down, across = np.mgrid[:12, :16]
    parts = (across - 7.5, (down - 5.5) * 0.5, np.cos(across))
    embedding = np.zeros((8, 12, 16))
    embedding[2], embedding[5], embedding[6] = parts
    picture = embedding_components(generator(tmp_path / "tiny", embedding)).picture
    assert (np.diff(picture[0, :, 0].astype(int)) > 0).all()
    assert (np.diff(picture[:, 0, 1].astype(int)) > 0).all()
    assert picture[:, 0, 0].std() == 0
    shares = embedding_components(generator(tmp_path / "other", embedding)).shares
    assert sum(shares) == pytest.approx(1)
    assert shares[0] > shares[1] > shares[2]


def test_two_channels_leave_blue_grey(tmp_path: Path) -> None:
    found = embedding_components(generator(tmp_path / "tiny", hidden=2))
    assert set(found.picture[..., 2].ravel().tolist()) <= {127, 128}
    assert found.shares[2] == pytest.approx(0, abs=1e-9)


def test_fourier_features_alone_have_no_embeddings(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="works from Fourier features alone and has no embeddings to show"):
        embedding_components(generator(tmp_path / "tiny", inputs="fourier"))


class FewFrames(World):
    """The built-in world, but for most of its frames."""

    def frames(self, space: str, split: str = "all") -> tuple:
        return super().frames(space, split)[: 6 if split == "training" else 3]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few training pictures, so that they are looked at in a moment."""
    monkeypatch.setattr(module, "World", FewFrames)
    monkeypatch.setattr(module, "_kept", {})
    return


@pytest.mark.usefixtures("few")
def test_a_training_picture_is_found_again_and_so_is_its_mirror_image() -> None:
    known = training_frames(True, torch.device("cpu"))
    assert (len(known.squares), known.held_out) == (6 * 2 + 6 * 4, 3 * 2 + 3 * 4)
    number = FewFrames().frames("panorama", "training")[2].number
    picture = torch.from_numpy(World().read("panorama", number).picture)[:, 256:512].permute(2, 0, 1)[None].float()
    square = torch.nn.functional.interpolate(picture, (SIDE, SIDE), mode="bilinear", antialias=True) / 127.5 - 1
    for shown, mirrored in ((square, False), (square.flip(-1), True)):
        distances, flipped = known.distances(shown)
        first, *others = known.nearest(distances[0], flipped[0])
        assert (first.square.space, first.square.number, first.square.left) == ("panorama", number, 256)
        assert (first.mirrored, first.distance) == (mirrored, pytest.approx(0, abs=1e-2))
        assert np.abs((first.picture / 127.5 - 1) - shown[0].permute(1, 2, 0).numpy()).max() < 0.01
        assert len(others) == FRAMES - 1
        assert all(one.distance > known.least / 2 for one in others)
        assert len({(one.square.space, one.square.number) for one in (first, *others)}) == FRAMES


@pytest.mark.usefixtures("few")
def test_the_built_in_panorama_is_compared_in_squares() -> None:
    made = load("cips-panorama", device="cpu")
    told: list[tuple[float, str]] = []
    found = nearest_frames(
        made, GridRequest((256, 256), truncation=0.7, turn=30.0, field_of_view=90.0), seed=3,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    whole = made.generate(GridRequest((SIDE, 4 * SIDE), truncation=0.7, turn=30.0), seed=3).image
    for index, square in enumerate(found.squares):
        assert np.array_equal(square.picture, whole[:, SIDE * index : SIDE * (index + 1)])
        assert [one.distance for one in square.neighbours] == sorted(one.distance for one in square.neighbours)
    assert len(found.squares) == 4
    assert found.least <= found.low <= 1 <= found.high
    assert found.nearest == min(square.neighbours[0].distance for square in found.squares)
    told.clear()
    nearest_frames(made, GridRequest(), seed=4, progress=lambda *step: told.append(step))
    assert not any("look at picture" in what for _, what in told)  # it was kept


@pytest.mark.usefixtures("few")
def test_looking_at_the_pictures_can_be_stopped() -> None:
    def until_the_second(fraction: float, what: str) -> None:
        if what.startswith("look at picture 2"):
            raise Cancelled

    with pytest.raises(Cancelled):
        nearest_frames(load("cips-landscape", device="cpu"), GridRequest(), progress=until_the_second)
    assert nearest_frames(load("cips-landscape", device="cpu"), GridRequest()).compared == 12


def test_other_generators_learned_from_pictures_that_are_not_here(tmp_path: Path) -> None:
    assert learned_from_world(card("cips-landscape"))
    assert not learned_from_world(card("cips-churches"))
    assert not learned_from_world(card("pix2pix-landscape"))
    made = generator(tmp_path / "cips-landscape")  # the name alone is nothing
    with pytest.raises(RequestError, match="learned from are not here; those of the built-in generators are"):
        nearest_frames(made, GridRequest())
