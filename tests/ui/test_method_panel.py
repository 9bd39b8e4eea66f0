"""What a method is told: only what changes anything in it is shown, and values in an order that can be read."""

from __future__ import annotations

import pytest

from sims.requests import Choice
from sims.ui import catalogue
from sims.ui.method_panel import option_field, show_options
from sims.ui.style_sources import PAINTED, PICTURE

PIS, GATYS = "photo-wct-world", "segmenter-world"


def shown(task: str, kind: str | None, chosen: str | None, **values: str) -> set[str]:
    """What can be seen of all options and the seed."""
    choices = catalogue.options(catalogue.ready_cards(task), patterns=True)
    names = tuple(choice.name for choice in choices)
    told = [values.get(choice.name, choice.default) for choice in choices]
    updates = show_options(task, names, kind, chosen, *told)
    assert len(updates) == len(names) + 2
    assert updates[-1] == updates[-2]
    return {name for name, update in zip((*names, "seed"), updates, strict=False) if update["visible"]}


def test_what_changes_nothing_is_not_shown() -> None:
    assert shown("style", PICTURE, PIS) == {"smoothing", "post_filter", "depth"}
    assert shown("style", PICTURE, PIS, smoothing="off") == {"smoothing", "depth"}
    assert shown("style", PAINTED, PIS) == {"smoothing", "post_filter", "depth", "seed"}
    assert shown("style", PICTURE, GATYS) >= {"start", "content_layer", "steps", "seed"}
    textures = shown("texture", None, GATYS)
    assert textures >= {"steps", "seconds", "seed"}
    assert not textures & {"start", "content_layer"}
    assert shown("texture", None, "steerable") >= {"scales", "iterations", "seed"}
    assert shown("style", PICTURE, None) == set()


@pytest.mark.parametrize(
    ("values", "ordered"), [(("4", "3", "10", "2"), ["2", "3", "4", "10"]), (("on", "off"), ["on", "off"])]
)
def test_numbers_are_in_order_and_the_default_is_chosen(values: tuple[str, ...], ordered: list[str]) -> None:
    field = option_field("style", Choice("depth", values, "how deep"), visible=True)
    assert [value for _, value in field.choices] == ordered
    assert field.value == values[0]
