"""The programs' way in: endpoints on plain files and values, for `gradio_client`, HTTP and MCP.

Gradio converts the values of components only, so that each endpoint has components of its own, which no page shows.
"""

from __future__ import annotations

import inspect
import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from sims.generator import LayoutRequest, RequestError, check_request
from sims.image_files import encode_png
from sims.layout import Layout, LayoutError
from sims.load import WITHOUT_WEIGHTS, card
from sims.ui import catalogue, session
from sims.ui.comparison import MAX_ROWS, RowRequest, plan_rows, sheet_file
from sims.ui.events import ONE_AT_A_TIME
from sims.ui.layouts import convert, describe, read_upload, uploaded_picture
from sims.ui.shelf import SHELF
from sims.ui.stages import stages_of, stages_report
from zoo import Entry
from zoo.hub import availability

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
LISTED = ("layout", "style", "texture", "grid")  # tasks whose generators are listed


def build_api() -> None:
    """Add the endpoints to the page that is being built."""
    with gr.Row(visible=False):
        layout, style = gr.File(label="layout", file_types=["image"]), gr.File(label="style", file_types=["image"])
        instances, picture = gr.File(label="instances", file_types=["image"]), gr.File(label="picture")
        space, encoding = gr.Textbox("street", label="label_space"), gr.Textbox("auto", label="encoding")
        target = gr.Textbox("landscape", label="target_space")
        generator, names = gr.Textbox("spade-street", label="generator"), gr.Textbox(label="generators")
        seed, seeds = gr.Number(0, label="seed"), gr.Number(1, label="seeds")
        statistics, dropout = gr.Textbox("", label="statistics"), gr.Textbox("", label="dropout")
        sampling, options = gr.Textbox("", label="style_sampling"), gr.Textbox("", label="options")
        remembering = gr.Textbox("sims-street", label="generator")
        report = gr.JSON(label="report")
        button = gr.Button()
    button.click(list_generators, None, report, api_name="list_generators", queue=False)
    button.click(read_layout, [layout, space, encoding, instances], [picture, report], api_name="read_layout")
    button.click(convert_layout, [layout, space, target], [picture, report], api_name="convert_layout")
    button.click(
        generate,
        [layout, space, generator, seed, style, statistics, dropout, instances, sampling, options],
        [picture, report],
        api_name="generate",
        **ONE_AT_A_TIME,
    )
    button.click(
        stages,
        [layout, space, remembering, seed, options],
        [picture, report],
        api_name="stages",
        **ONE_AT_A_TIME,
    )
    button.click(
        compare,
        [layout, space, names, seed, seeds, style],
        [picture, report],
        api_name="compare",
        **ONE_AT_A_TIME,
    )


def with_defaults(endpoint: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """The endpoint, in which None, as clients send it for what they leave out, stands for an argument's default."""
    parameters = inspect.signature(endpoint).parameters.values()

    @wraps(endpoint)
    def answered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        filled: list[Any] = [
            known.default if given is None and known.default is not known.empty else given
            for known, given in zip(parameters, args, strict=False)
        ]
        return endpoint(*filled, **kwargs)

    return answered


def list_generators() -> list[dict[str, Any]]:
    """List every generator that works from layouts or latents, restyles pictures or makes textures, and whether ready.

    Returns:
        One object a generator: name, title, family, tasks (of layout, style, texture and grid), label_space,
        accepts_style, licence, verified, ready, reason.
    """
    tasks = {task: catalogue.entries(task) for task in LISTED}
    listed = [
        entry_facts(entry, [task for task, able in tasks.items() if entry in able])
        for entry in dict.fromkeys(itertools.chain(*tasks.values()))
    ]
    return listed + [
        {
            "name": known.name,
            "title": known.title,
            "family": known.family,
            "tasks": list(known.tasks),
            "label_space": known.label_space,
            "accepts_style": known.accepts_style,
            "licence": known.licence,
            "verified": True,
            "ready": True,
            "reason": "",
        }
        for known in map(card, WITHOUT_WEIGHTS)
    ]


def entry_facts(entry: Entry, tasks: list[str]) -> dict[str, Any]:
    """What a program should know of a catalogue entry that carries out these tasks."""
    state = availability(entry)
    return {
        "name": entry.name,
        "title": entry.title,
        "family": entry.family,
        "tasks": tasks,
        "label_space": entry.label_space,
        "accepts_style": entry.accepts_style,
        "licence": entry.licence,
        "verified": entry.verified,
        "ready": state.ready,
        "reason": state.reason,
    }


@with_defaults
def read_layout(
    layout: str, label_space: str = "street", encoding: str = "auto", instances: str | None = None
) -> tuple[str, dict[str, Any]]:
    """Read a label map: class ids or palette colours, and report every id or colour that is no class.

    Args:
        layout: the label map, PNG, BMP, GIF or lossless WebP (JPEG as "nearest" only), 8 to 2048 pixels a side.
        label_space: street, landscape, cityscapes, camvid, ade20k, cocostuff or facades.
        encoding: auto, index (ids), colour (exact palette colours) or nearest (nearest palette colour).
        instances: an instance map of the same size, if there is one.

    Returns:
        The layout as a palette PNG whose indices are the class ids, and a report of what was read.
    """
    try:
        reading = read_upload(layout, instances, label_space, encoding)
    except session.FAULTS as error:
        raise fault(error) from error
    unknown = [{"value": item.value, "count": item.count, "first": item.first} for item in reading.unknown]
    report = {"sentence": reading.sentence, "encoding": reading.encoding, "unknown": unknown}
    return layout_file(reading.layout), {**report, "classes": reading.layout.counts()}


@with_defaults
def convert_layout(
    layout: str, label_space: str = "street", target_space: str = "landscape"
) -> tuple[str, dict[str, Any]]:
    """Move a layout to another label space by class names; what has no counterpart there becomes unknown.

    Args:
        layout: the label map, class ids or palette colours.
        label_space: the label space it is in.
        target_space: the label space to move it to.

    Returns:
        The converted layout as a palette PNG whose indices are the class ids, and a report of what was lost.
    """
    try:
        converted, told = convert(read_upload(layout, None, label_space, "auto").layout, target_space)
    except session.FAULTS as error:
        raise fault(error) from error
    return layout_file(converted), {"sentence": told, "layout": describe(converted), "classes": converted.counts()}


@with_defaults
def generate(
    layout: str,
    label_space: str = "street",
    generator: str = "spade-street",
    seed: int = 0,
    style: str | None = None,
    statistics: str = "",
    dropout: str = "",
    instances: str | None = None,
    style_sampling: str = "",
    options: str = "",
) -> tuple[str, dict[str, Any]]:
    """Turn a layout into a picture with one generator.

    Args:
        layout: the label map, class ids or palette colours.
        label_space: the label space the layout is in; it is converted where the generator knows another one.
        generator: a name from list_generators that is ready.
        seed: a whole number from 0 to 4294967295.
        style: a picture whose look the result takes on, for generators that accept one.
        statistics: picture or running, for generators of the pix2pix family; empty for the generator's default.
        dropout: off or on, for generators of the pix2pix family; empty for the generator's default.
        instances: an instance map of the layout's size, if there is one.
        style_sampling: mean or draw, how generators that accept a style picture read it; empty for the default.
        options: other options as NAME=VALUE with semicolons between them, such as variety=diverse;completion=on, or
            candidates=3:2,7:1 with ranks that the endpoint stages lists.

    Returns:
        The picture as a PNG that carries everything needed to make it again, and a report: generator, seed, seconds
        by stage, and notes such as the classes that the generator does not know.
    """
    given = {"statistics": statistics, "dropout": dropout, "style_sampling": style_sampling}
    try:
        chosen = {name: value for name, value in given.items() if value} | named_options(options)
        exact = exact_layout(layout, instances, label_space)
        task = whole_task(generator, exact, seed, chosen, look(style))
    except session.FAULTS as error:
        raise fault(error) from error
    [result] = run_all([task])
    return result.path, picture_report(result)


@with_defaults
def stages(
    layout: str,
    label_space: str = "street",
    generator: str = "sims-street",
    seed: int = 0,
    options: str = "",
) -> tuple[str, dict[str, Any]]:
    """Show how a generator with a memory of segments makes its picture: what it finds, chooses, orders and pastes.

    Args:
        layout: the label map, class ids or palette colours.
        label_space: the label space the layout is in.
        generator: a name from list_generators that is ready and works from a memory, such as sims-street.
        seed: a whole number from 0 to 4294967295.
        options: options as NAME=VALUE with semicolons between them, as for generate.

    Returns:
        The canvas as a PNG, black where it is empty and white where segments are elided, and a report: the segments of
        the layout with class, box (top, left, bottom, right), area, place in the painting order, whether they were
        transformed, the rank of the candidate that was pasted and all candidates with their scores; the classes
        that nothing was found for; and whether the layout was completed before.
    """
    try:
        exact = exact_layout(layout, None, label_space)
        made = stages_of(whole_task(generator, exact, seed, named_options(options), None))
    except session.FAULTS as error:
        raise fault(error) from error
    return SHELF.put(encode_png(made.canvas), "canvas.png"), stages_report(made)


@with_defaults
def compare(
    layout: str,
    label_space: str = "street",
    generators: str = "",
    seed: int = 0,
    seeds: int = 1,
    style: str | None = None,
) -> tuple[str, dict[str, Any]]:
    """Make one sheet of pictures: generators beside each other, one row a seed.

    Args:
        layout: the label map, class ids or palette colours.
        label_space: the label space the layout is in.
        generators: names from list_generators, with commas between them; empty for all that know the label space and
            are no variant of another.
        seed: the first seed.
        seeds: how many seeds, a whole number from 1 to 8.
        style: a picture whose look the results take on, for generators that accept one.

    Returns:
        The sheet as a PNG, every picture under its generator's name, and a report of each picture: generator, seed,
        seconds by stage, and notes such as the classes that the generator does not know.
    """
    try:
        names = [ready_name(name.strip()) for name in generators.split(",") if name.strip()]
        names = names or catalogue.fitting(catalogue.ready_cards(), label_space)
        first, count = session.whole_seed(seed), whole_count(seeds)
        exact, picture = exact_layout(layout, None, label_space), look(style)
        tasks = plan_rows(names, [RowRequest(exact, first + step, picture) for step in range(count)], {})
    except session.FAULTS as error:
        raise fault(error) from error
    results = run_all(tasks)
    return sheet_file(results), {"pictures": [picture_report(result) for result in results]}


def whole_task(name: str, layout: Layout, seed: float, options: Mapping[str, str], style: Any) -> session.Task:
    """One picture to be made with exactly these options. Raises a fault (`session.FAULTS`)."""
    check_request(card(ready_name(name)), LayoutRequest(layout, options=options))
    return session.plan([name], layout, seed=session.whole_seed(seed), style=style, options=options)[0]


def named_options(text: str) -> dict[str, str]:
    """The options in NAME=VALUE;NAME=VALUE. Raises `RequestError`."""
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    for name, sign, _ in pairs:
        if not sign:
            raise RequestError(
                f"The option {name.strip()[:60]!r} has no value; write NAME=VALUE, semicolons between them."
            )
    return {name.strip(): value.strip() for name, _, value in pairs}


def run_all(tasks: Sequence[session.Task]) -> list[session.Result]:
    """The results of all tasks; raises `gr.Error` with the first one's sentence if one fails."""
    results: list[session.Result] = []
    for step in session.run(tasks, threading.Event()):
        results = results if step is None else step
    for result in results:
        if result.state != "done":
            raise gr.Error(result.error, print_exception=False)
    return results


def picture_report(result: session.Result) -> dict[str, Any]:
    """What a program should know of a finished picture besides its pixels."""
    task = result.task
    return {
        "generator": task.card.name,
        "seed": task.seed,
        "seconds": dict(result.seconds),
        "notes": [*task.notes, *result.notes],
    }


def whole_count(seeds: float) -> int:
    """The number of seeds to compare. Raises `RequestError` unless it is a whole number in range."""
    if seeds not in range(1, MAX_ROWS + 1):
        raise RequestError(f"The number of seeds is {seeds!r}; give a whole number from 1 to {MAX_ROWS}.")
    return int(seeds)


def ready_name(name: str) -> str:
    """`name`, if it is a layout generator that can run now; raises `ZooError` otherwise."""
    return catalogue.ready_card(name, "layout").name


def exact_layout(layout: str, instances: str | None, label_space: str) -> Layout:
    """The layout in a label map without unknown ids or colours, which an endpoint could not show. `LayoutError`."""
    reading = read_upload(layout, instances, label_space, "auto")
    if reading.unknown:
        raise LayoutError(f"{reading.sentence}; to accept that, pass on the layout that read_layout returns.")
    return reading.layout


def look(style: str | None) -> Any:
    """The style picture, RGB uint8 (H, W, 3), or None."""
    return uploaded_picture(style) if style else None


def layout_file(layout: Layout) -> str:
    """The path of a layout's index PNG."""
    return SHELF.put(layout.to_png(), "layout.png")


def fault(error: Exception) -> gr.Error:
    """The error that reaches the client as this one sentence."""
    return gr.Error(str(error), print_exception=False)
