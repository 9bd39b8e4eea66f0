"""The programs' way in to styles and textures: endpoints on plain files and values, as in `sims.ui.api`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import gradio as gr
import numpy as np

from sims.generator import Card, LayoutRequest, RequestError, StyleRequest, TextureRequest, check_request, silent
from sims.image_files import read_image
from sims.layout import Layout, LayoutError
from sims.requests import MAX_PAIRS
from sims.segmentation import SPACES
from sims.style.layout_chain import restyle_layout
from sims.style.methods import PIS, STYLISTS, TEXTURES, Method
from sims.ui import catalogue, session
from sims.ui.api import exact_layout, fault, named_options, picture_report, ready_name, run_all, with_defaults
from sims.ui.events import ONE_AT_A_TIME
from sims.ui.layouts import uploaded_bytes, uploaded_picture
from sims.ui.regions import MAPS, NONE, ChosenRegions, found_regions

PAIR = re.compile(r"\s*([0-9]{1,5})\s*:\s*([0-9]{1,5}|none)\s*")
MAX_LISTED = 20  # regions that a sentence names
SIZE = re.compile(r"\s*([0-9]{1,5})\s*[x×]\s*([0-9]{1,5})\s*")


def build_style_api() -> None:
    """Add the endpoints to the page that is being built."""
    with gr.Row(visible=False):
        content, style, example, layout, content_layout, style_layout = (
            gr.File(label=name, file_types=["image"])
            for name in ("content", "style", "example", "layout", "content_layout", "style_layout")
        )
        method, model = gr.Textbox("", label="method"), gr.Textbox("", label="model")
        strength, smoothing = gr.Number(1, label="strength"), gr.Textbox("", label="smoothing")
        regions, pairs = gr.Textbox("", label="regions"), gr.Textbox("", label="pairs")
        size, seed, options = (
            gr.Textbox("256x256", label="size"),
            gr.Number(0, label="seed"),
            gr.Textbox("", label="options"),
        )
        space, generator = gr.Textbox("street", label="label_space"), gr.Textbox("spade-street", label="generator")
        picture, report = gr.File(label="picture"), gr.JSON(label="report")
        button = gr.Button()
    look = [strength, smoothing]
    button.click(
        stylize,
        [content, style, method, model, *look, content_layout, style_layout, pairs, seed, options, regions],
        [picture, report],
        api_name="stylize",
        **ONE_AT_A_TIME,
    )
    button.click(
        texture,
        [example, size, method, seed, options, model],
        [picture, report],
        api_name="texture",
        **ONE_AT_A_TIME,
    )
    button.click(
        spade_pis,
        [layout, space, generator, style, style_layout, *look, seed, model],
        [picture, report],
        api_name="spade_pis",
        **ONE_AT_A_TIME,
    )


@with_defaults
def stylize(
    content: str,
    style: str,
    method: str = "",
    model: str = "",
    strength: float = 1,
    smoothing: str = "",
    content_layout: str | None = None,
    style_layout: str | None = None,
    pairs: str = "",
    seed: int = 0,
    options: str = "",
    regions: str = "",
) -> tuple[str, dict[str, Any]]:
    """Give one picture the look of another.

    Args:
        content: the picture to be restyled, at most 4 megapixels; the result has exactly its size.
        style: the picture whose look the result takes on.
        method: pis (photorealistic: PhotoWCT, then smoothing) or gatys (neural style, by optimisation); empty for
            that of the model, or else pis.
        model: a name from list_generators that does style and is ready; empty for the built-in one of the method.
        strength: from 0, the content, to 1, the method's own result.
        smoothing: exact, fast or off, for pis; empty for exact.
        content_layout: a label map of the content as a grey or palette PNG of ids from 0 to 65535, of any size.
        style_layout: the same of the style picture; regions of the content take the look of those of the same id.
        pairs: other regions that belong together, as CONTENT:STYLE with commas between them, such as 3:7,5:none;
            none leaves that region as it is. Both pictures must have the regions named.
        seed: a whole number from 0 to 4294967295.
        options: other options as NAME=VALUE with semicolons between them, such as post_filter=off or, for gatys,
            steps=60+120;seconds=30.
        regions: street or landscape finds the regions of both pictures as classes of that label space, instead of
            label maps.

    Returns:
        The picture as a PNG that carries everything needed to make it again, and a report: generator, seed, size,
        seconds by stage, and notes such as the regions that stayed as they were.
    """
    try:
        known = method_card("style", STYLISTS, method, model)
        picture = read_image(uploaded_bytes(content, "content picture"), "The content picture", whole=True)
        look = uploaded_picture(style)
        maps = label_maps(picture, look, content_layout, style_layout, regions)
        chosen = named_options(options) | ({"smoothing": smoothing} if smoothing else {})
        request = StyleRequest(
            picture,
            look,
            maps.content_labels,
            maps.style_labels,
            paired_regions(pairs),
            strength,
            chosen,
            maps.label_names,
        )
        task = checked_task(known, request, seed)
        check_pairs(request)
    except session.FAULTS as error:
        raise fault(error) from error
    [result] = run_all([task])
    return result.path, style_report(result)


@with_defaults
def texture(
    example: str, size: str = "256x256", method: str = "", seed: int = 0, options: str = "", model: str = ""
) -> tuple[str, dict[str, Any]]:
    """Make more of the texture of an example.

    Args:
        example: a picture of a texture.
        size: height and width of the result in pixels, such as 256x384; each from 32 to 2048.
        method: steerable (the statistics of Portilla and Simoncelli; needs no weights) or gatys (Gram matrices of a
            network's features); empty for that of the model, or else steerable.
        seed: a whole number from 0 to 4294967295; another seed gives another picture of the same texture.
        options: options as NAME=VALUE with semicolons between them, such as scales=5;iterations=40.
        model: a name from list_generators that does textures and is ready; empty for the built-in one of the method.

    Returns:
        The texture as a PNG that carries everything needed to make it again, and a report: generator, seed, size,
        seconds by stage, and notes.
    """
    try:
        known = method_card("texture", TEXTURES, method, model)
        picture = read_image(uploaded_bytes(example, "example"), "The example")
        task = checked_task(known, TextureRequest(picture, texture_size(size), named_options(options)), seed)
    except session.FAULTS as error:
        raise fault(error) from error
    [result] = run_all([task])
    return result.path, style_report(result)


@with_defaults
def spade_pis(
    layout: str,
    label_space: str = "street",
    generator: str = "spade-street",
    style: str | None = None,
    style_layout: str | None = None,
    strength: float = 1,
    smoothing: str = "",
    seed: int = 0,
    model: str = "",
) -> tuple[str, dict[str, Any]]:
    """Make the picture of a layout and give its regions the look of a style picture's, in one action.

    Args:
        layout: the label map, class ids or palette colours.
        label_space: the label space the layout is in.
        generator: a name from list_generators that works from layouts and is ready.
        style: the picture whose look the result takes on, region by region.
        style_layout: its label map in the same label space; without it, the regions of the style picture are found.
        strength: from 0, the generator's picture, to 1.
        smoothing: exact, fast or off; empty for exact.
        seed: a whole number from 0 to 4294967295.
        model: a name from list_generators of the family photo_wct that is ready; empty for the built-in one.

    Returns:
        The picture as a PNG that carries the recipe of its restyling, and a report: generator, source (what made the
        layout's picture), seed, size, seconds by station, and notes.
    """
    try:
        stylist = method_card("style", PIS, "", model)
        source, exact = ready_name(generator), exact_layout(layout, None, label_space)
        look, known = uploaded_picture(style or ""), layout_of_style(style_layout, label_space)
        options = {"smoothing": smoothing} if smoothing else {}
        check_request(stylist, StyleRequest(look, look, strength=strength, options=options))
        made = restyle_layout(
            session.loaded(source),
            session.loaded(stylist.name),
            LayoutRequest(exact),
            look,
            known,
            seed=session.whole_seed(seed),
            strength=strength,
            options=options,
            progress=silent,
        )
    except session.FAULTS as error:
        raise fault(error) from error
    result = session.finished(session.Task(stylist, made.picture.request, made.picture.seed), made.picture)
    return result.path, {**style_report(result), "source": source, "seconds": dict(made.stations)}


def method_card(task: str, methods: Mapping[str, Method], method: str, model: str) -> Card:
    """The card of the generator that a method, a model's name, or both ask for, if it can run.

    Raises `RequestError` or `ZooError`.
    """
    if method and method not in methods:
        raise RequestError(f"The method is {method[:40]!r}; it is {' or '.join(methods)}.")
    if not model:
        return catalogue.ready_card(methods[method or next(iter(methods))].built_in, task)
    known = catalogue.ready_card(model, task)
    if known.family not in [methods[name].family for name in ([method] if method else methods)]:
        wanted = method or " or ".join(methods)
        raise RequestError(f"{known.name} is of family {known.family}, and cannot carry out {wanted}; leave it out.")
    return known


def label_maps(
    content: Any, style: Any, content_layout: str | None, style_layout: str | None, regions: str
) -> ChosenRegions:
    """The regions of both pictures, from files or found. Raises a fault (`session.FAULTS`)."""
    given = bool(content_layout or style_layout)
    if regions and regions not in SPACES:
        raise RequestError(f"The regions are {regions[:40]!r}; they are {' or '.join(SPACES)}, or left out.")
    if given and regions:
        raise RequestError("The regions are found and label maps are given; leave out one or the other.")
    kind = MAPS if given else regions or NONE
    maps = found_regions(content, style, None, None, kind, content_layout, style_layout)
    return ChosenRegions(maps.content, maps.style, {}, maps.names) if maps else ChosenRegions()


def paired_regions(text: str) -> dict[int, int | None]:
    """The pairs in CONTENT:STYLE,CONTENT:none. Raises `RequestError`."""
    parts = [part for part in text.split(",") if part.strip()]
    if len(parts) > MAX_PAIRS:
        raise RequestError(f"{len(parts)} regions are paired; pair at most {MAX_PAIRS}.")
    found = [PAIR.fullmatch(part) for part in parts]
    if not all(found):
        wrong = parts[found.index(None)].strip()[:40]
        raise RequestError(f"The pair {wrong!r} is not of the form CONTENT:STYLE or CONTENT:none, such as 3:7.")
    return {int(pair[1]): None if pair[2] == "none" else int(pair[2]) for pair in found if pair}


def check_pairs(request: StyleRequest) -> None:
    """Raise `RequestError` unless the pictures have all the regions that are paired."""
    named = (request.pairs.keys(), {other for other in request.pairs.values() if other is not None})
    sides = ((request.content_labels, "content"), (request.style_labels, "style"))
    for (labels, whose), ids in zip(sides, named, strict=True):
        has = [] if labels is None else np.unique(labels).tolist()
        missing = sorted(ids - set(has))
        if missing:
            listed = f"{', '.join(map(str, has[:MAX_LISTED]))}{', ...' if len(has) > MAX_LISTED else ''}"
            raise RequestError(f"Region {missing[0]} is paired, and the {whose} picture has the regions {listed} only.")


def layout_of_style(path: str | None, label_space: str) -> Layout | None:
    """The layout that a style picture came with, if it did. Raises `LayoutError`, which says whose layout it is."""
    try:
        return exact_layout(path, None, label_space) if path else None
    except LayoutError as error:
        raise LayoutError(f"The style layout cannot be used: {error}") from error


def texture_size(text: str) -> tuple[int, int]:
    """(height, width) in HEIGHTxWIDTH. Raises `RequestError`."""
    found = SIZE.fullmatch(text)
    if not found:
        raise RequestError(f"The size is {text[:40]!r}; give height and width as in 256x384.")
    return int(found[1]), int(found[2])


def checked_task(known: Card, request: StyleRequest | TextureRequest, seed: float) -> session.Task:
    """One picture to be made. Raises `RequestError` for what its generator cannot carry out."""
    check_request(known, request)
    return session.Task(known, request, session.whole_seed(seed))


def style_report(result: session.Result) -> dict[str, Any]:
    """What a program should know of a finished picture besides its pixels."""
    height, width = result.size or (0, 0)
    return {**picture_report(result), "size": {"height": height, "width": width}}
