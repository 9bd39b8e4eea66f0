"""The comparison sheet: results in rows of one layout, seed and style, and columns of one generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sims.generator import RequestError
from sims.image_files import encode_png, read_image
from sims.layout import Layout
from sims.sheet import contact_sheet
from sims.ui.session import MAX_PICTURES, Result, Task, plan, thumbnail
from sims.ui.shelf import SHELF

MAX_ROWS = 8


@dataclass(frozen=True, eq=False)
class RowRequest:
    """What the pictures of one row have in common."""

    layout: Layout
    seed: int
    style: np.ndarray | None = None


def plan_rows(names: Sequence[str], rows: Sequence[RowRequest], options: Mapping[str, str]) -> list[Task]:
    """The tasks of a sheet, row by row. Raises `RequestError` or `ZooError`."""
    if not rows:
        raise RequestError("There is nothing to compare yet; add at least one row.")
    if len(rows) > MAX_ROWS or len(rows) * len(names) > MAX_PICTURES:
        raise RequestError(
            f"That is {len(rows)} rows of {len(names)} pictures; "
            f"compare at most {MAX_ROWS} rows and {MAX_PICTURES} pictures at once."
        )
    return [task for row in rows for task in plan(names, row.layout, seed=row.seed, style=row.style, options=options)]


def add(results: Sequence[Result], new: Result) -> list[Result]:
    """The sheet with one more picture. Raises `RequestError` when it is full."""
    if any(result.task.key == new.task.key for result in results):
        return list(results)
    if len(results) >= MAX_PICTURES or len({*map(_row, results), _row(new)}) > MAX_ROWS:
        raise RequestError("The comparison is full; clear it or start another one.")
    return [*results, new]


def sheet_value(results: Sequence[Result]) -> dict[str, Any]:
    """The sheet as data for the page: column titles, and rows with one card or null for each column."""
    columns, names = list(dict.fromkeys(map(_column, results))), _row_names(results)
    rows: dict[Any, dict[str, Any]] = {}
    for result in results:
        if _row(result) not in rows:
            rows[_row(result)] = _row_head(result, names[_row(result)], len(columns))
        rows[_row(result)]["cells"][columns.index(_column(result))] = result.page_value()
    return {"columns": [title for _, title in columns], "rows": list(rows.values())}


def sheet_file(results: Sequence[Result]) -> str:
    """The path of a PNG with all finished pictures, at least one, each under its generator's name and its row's."""
    done = [result for result in results if result.state == "done"]
    columns, names = list(dict.fromkeys(map(_column, done))), _row_names(done)
    pictures = [
        (f"{_column(result)[1]}, {names[_row(result)].lower()}", read_image(Path(result.path), "The picture"))
        for result in done
    ]
    sheet = contact_sheet(pictures, columns=len(columns) if len(done) == len(columns) * len(names) else None)
    return SHELF.put(encode_png(sheet), "comparison.png")


def _row(result: Result) -> tuple[int, int, int]:
    """What tells the rows apart: the very layout, the very style picture, and the seed."""
    request = result.task.layout_request
    layout = request.layout
    what = (layout.space.name, _content(layout.ids), _content(layout.instances))
    return hash(what), hash(_content(request.style)), result.task.seed


def _content(array: np.ndarray | None) -> tuple[tuple[int, ...], bytes]:
    """What arrays of one type share if they are equal, and only then."""
    return ((), b"") if array is None else (array.shape, array.tobytes())


def _column(result: Result) -> tuple[str, str]:
    """Name and title of a generator with those of its options that are not the default."""
    card, said = result.task.card, result.task.said
    return card.name + said, f"{card.title} ({said})" if said else card.title


def _row_names(results: Sequence[Result]) -> dict[tuple[int, int, int], str]:
    """Each row by its seed, and by the number of its layout or style where these differ."""
    rows = dict.fromkeys(map(_row, results))
    layouts, styles = (list(dict.fromkeys(row[part] for row in rows)) for part in (0, 1))
    names = {}
    for layout, style, seed in rows:
        names[layout, style, seed] = f"Seed {seed}"
        if len(layouts) > 1:
            names[layout, style, seed] += f", layout {layouts.index(layout) + 1}"
        if len(styles) > 1:
            names[layout, style, seed] += f", style {styles.index(style) + 1}"
    return names


def _row_head(result: Result, title: str, columns: int) -> dict[str, Any]:
    request = result.task.layout_request
    return {
        "title": title,
        "layout": thumbnail(request.layout.colours()),
        "style": "" if request.style is None else thumbnail(request.style),
        "cells": [None] * columns,
    }
