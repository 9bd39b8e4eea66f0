"""Pictures of ours: there are some to restyle, and no key names anything else."""

from __future__ import annotations

import gradio as gr
import pytest

from sims.generator import RequestError
from sims.ui.gallery import content_groups, content_picture, gallery_groups
from sims.ui.style_sources import PICTURE, choose_content


def test_whoever_brings_no_picture_takes_one_of_ours() -> None:
    [group] = content_groups()
    for item in group["items"]:
        image = content_picture(item["key"])
        assert (image.ndim, image.shape[2], image.dtype.name) == (3, 3, "uint8")
        assert item["src"].startswith("data:image/")
    assert len({item["title"] for item in group["items"]}) == len(group["items"]) == 6
    with pytest.raises(RequestError, match="no picture to restyle called"):
        content_picture("../secret")


def test_a_picture_of_ours_becomes_the_content_without_a_layout() -> None:
    value, image, file, layout, kind = choose_content(gr.EventData(None, {"key": "cat"}))
    assert value["note"] == f"{image.shape[1]} × {image.shape[0]}"
    assert (file.size, layout, kind) == (image.shape[:2], None, PICTURE)


def test_the_style_pictures_say_what_they_are() -> None:
    assert [group["title"] for group in gallery_groups()] == ["Style pictures"]
