"""The sample layouts that ship with the program, as the page offers them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sims.label_space import LayoutError, label_space, label_space_names
from sims.layout import Layout
from sims.layout_samples import Sample, sample_layouts
from sims.ui.session import thumbnail


@cache
def samples() -> Mapping[str, Sample]:
    """The samples of all label spaces by a key, in the order in which they are offered."""
    offered = [item for space in label_space_names() for item in sample_layouts(space)]
    return {f"{item.space}-{item.path.stem}": item for item in offered}


def sample_layout(key: str) -> Layout:
    """The layout of the sample with this key, instances included. Raises `LayoutError`."""
    if key not in samples():
        raise LayoutError(f"There is no sample layout called {key[:60]!r}; choose one of those shown.")
    return samples()[key].read()


@cache
def sample_groups() -> list[dict[str, Any]]:
    """The samples as a strip's groups, one for each label space that has some."""
    groups: dict[str, list[dict[str, str]]] = {}
    for key, item in samples().items():
        shown = {"key": key, "title": item.title, "src": thumbnail(item.read().colours())}
        groups.setdefault(label_space(item.space).title, []).append(shown)
    return [{"title": title, "items": items} for title, items in groups.items()]
