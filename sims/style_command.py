"""`python -m sims stylize`, `texture` and `spade-pis`: styles and textures from the command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sims.command_parts import (
    add_layout_arguments,
    add_run_arguments,
    check_png,
    height_and_width,
    layout_of,
    make,
    options_of,
    write_picture,
)
from sims.generator import LayoutRequest, StyleRequest, TextureRequest, check_request
from sims.image_files import read_image
from sims.layout import Layout
from sims.layout_files import read_layout
from sims.load import card, chosen_device, load
from sims.segmentation import SPACES, segment
from sims.style.label_maps import read_label_map
from sims.style.layout_chain import restyle_layout
from sims.style.methods import PIS, STYLISTS, TEXTURES, Method
from zoo.command_line import UsageError, progress


def stylize(args: argparse.Namespace) -> None:
    """Give one picture the look of another."""
    check_png(args.out)
    name = _model(args, STYLISTS, args.method)
    options, pairs = _style_options(args, args.option, "--option"), _pairs(args.pair)
    content = read_image(args.content, "The content picture", whole=True)
    style = read_image(args.style, "The style picture")
    check_request(card(name), StyleRequest(content, style, strength=args.strength, options=options))
    content_labels, style_labels, names = _labels(args, content, style)
    request = StyleRequest(content, style, content_labels, style_labels, pairs, args.strength, options, names)
    check_request(card(name), request)
    make(args, name, request, args.out)


def texture(args: argparse.Namespace) -> None:
    """Make more of the texture of an example."""
    check_png(args.out)
    name = _model(args, TEXTURES, args.method)
    request = TextureRequest(read_image(args.example, "The example"), args.size, options_of(args.option))
    check_request(card(name), request)
    make(args, name, request, args.out)


def spade_pis(args: argparse.Namespace) -> None:
    """Make the picture of a layout, and give its regions the look of a style picture's."""
    check_png(args.out)
    target = card(args.name)
    if target.task != "layout":
        raise UsageError(f"{args.name} does not work from layouts; name a layout generator.")
    name = _model(args, PIS, None)
    options = _style_options(args, args.style_option, "--style-option")
    if args.style_label_space is not None and args.style_layout is None:
        raise UsageError("--style-label-space goes with --style-layout; give both, or none.")
    request = LayoutRequest(layout_of(args, target), options=options_of(args.option))
    check_request(target, request)
    style = read_image(args.style, "The style picture")
    check_request(card(name), StyleRequest(style, style, strength=args.strength, options=options))
    style_layout = None
    if args.style_layout is not None:
        reading = read_layout(args.style_layout, args.style_label_space or request.layout.space.name)
        print(f"Of the style picture: {reading.sentence}.")
        style_layout = reading.layout
    show = progress()
    made = restyle_layout(
        load(args.name, device=args.device, progress=show),
        load(name, device=args.device, progress=show),
        request,
        style,
        style_layout,
        seed=args.seed,
        strength=args.strength,
        options=options,
        progress=show,
    )
    write_picture(made.picture, args.out)
    for station, seconds in made.stations.items():
        print(f"{station:48}{seconds:8.2f} s")


def add_style_commands(commands: Any) -> None:
    """Add these commands to the subparsers of a command line."""
    one = commands.add_parser("stylize", help="give one picture the look of another", allow_abbrev=False)
    one.set_defaults(run=stylize)
    one.add_argument("content", type=Path, metavar="CONTENT", help="a picture; the result has its size")
    one.add_argument("style", type=Path, metavar="STYLE", help="a picture whose look the result takes on")
    one.add_argument("--content-layout", type=Path, metavar="FILE", help="an index PNG, which names its regions")
    one.add_argument("--style-layout", type=Path, metavar="FILE", help="the same of the style; ids match by value")
    one.add_argument("--regions", choices=SPACES, help="find the regions of both, as classes of this label space")
    one.add_argument(
        "--pair",
        type=_pair,
        action="append",
        default=[],
        metavar="ID:ID",
        help="a region of the content, and that of the style whose look it takes; ID:none leaves it as it is",
    )
    one.add_argument("--method", choices=tuple(STYLISTS), help="pis (photorealistic; the default) or gatys")
    _add_style_arguments(one)
    _add_common(one)

    more = commands.add_parser("texture", help="make more of the texture of an example", allow_abbrev=False)
    more.set_defaults(run=texture)
    more.add_argument("example", type=Path, metavar="EXAMPLE", help="a picture of a texture")
    more.add_argument(
        "--size", type=height_and_width, required=True, metavar="HxW", help="height and width of the result"
    )
    more.add_argument("--method", choices=tuple(TEXTURES), help="steerable (needs no weights; the default) or gatys")
    _add_common(more)

    chain = commands.add_parser("spade-pis", help="a layout's picture with the look of another", allow_abbrev=False)
    chain.set_defaults(run=spade_pis)
    chain.add_argument("name", metavar="NAME_OR_DIR", help="a layout generator of the list, or a folder")
    chain.add_argument("--layout", type=Path, required=True, metavar="FILE", help="a label map, as ids or as colours")
    chain.add_argument("--style", type=Path, required=True, metavar="FILE", help="a picture whose look it takes on")
    chain.add_argument("--style-layout", type=Path, metavar="FILE", help="its label map; found out if left out")
    chain.add_argument(
        "--style-label-space",
        metavar="NAME",
        help="of that, and that in which regions are matched; the layout's if left out",
    )
    chain.add_argument(
        "--style-option", action="append", default=[], metavar="NAME=VALUE", help="an option of pis, such as depth=2"
    )
    _add_style_arguments(chain)
    add_layout_arguments(chain)
    _add_common(chain)


def _add_style_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--smoothing", choices=("exact", "fast", "off"), help="of pis; exact if left out")
    parser.add_argument("--strength", type=_strength, default=1.0, metavar="S", help="from 0 (the content) to 1")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="NAME_OR_DIR", help="a checkpoint of the method; the built-in one if left out"
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the generator"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    add_run_arguments(parser)


def _model(args: argparse.Namespace, methods: Mapping[str, Method], method: str | None) -> str:
    """The generator that a command line asks for: by its method, its checkpoint, or both."""
    if args.model is None:
        return methods[method or next(iter(methods))].built_in
    family = card(args.model).family
    fitting = [name for name, known in methods.items() if known.family == family]
    if not fitting or method not in (None, *fitting):
        wanted = method or " or ".join(methods)
        raise UsageError(f"{args.model} is of family {family}, and cannot carry out {wanted}; leave out --model.")
    return str(args.model)


def _style_options(args: argparse.Namespace, texts: Sequence[str], flag: str) -> dict[str, str]:
    """The stylist's options, of which the smoothing has a flag of its own."""
    options = options_of(texts, flag)
    if args.smoothing is None:
        return options
    if "smoothing" in options:
        raise UsageError(f"--smoothing and {flag} smoothing= say the same thing twice; give one of them.")
    return options | {"smoothing": args.smoothing}


def _pairs(given: Sequence[tuple[int, int | None]]) -> dict[int, int | None]:
    """The partners of the content's regions."""
    ids = [one for one, _ in given]
    repeated = next((one for one in ids if ids.count(one) > 1), None)
    if repeated is not None:
        raise UsageError(f"--pair gives region {repeated} of the content more than once; pair every region once.")
    return dict(given)


def _labels(
    args: argparse.Namespace, content: np.ndarray, style: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None, Mapping[int, str]]:
    """The label maps of content and style, and what their regions are called."""
    if args.regions is not None:
        if args.content_layout or args.style_layout:
            raise UsageError("--regions finds the regions, so --content-layout and --style-layout are left out.")
        device = chosen_device(args.device)
        first, second = (segment(picture, args.regions, device) for picture in (content, style))
        print(f"Regions of the content picture: {_told(first)}.")
        print(f"Regions of the style picture: {_told(second)}.")
        return first.ids, second.ids, first.space.names
    maps = [
        None if path is None else read_label_map(path, whose)
        for path, whose in ((args.content_layout, "content"), (args.style_layout, "style"))
    ]
    return maps[0], maps[1], {}


def _told(layout: Layout) -> str:
    """The regions of a layout, the largest first: id, name and share of the pixels."""
    ranked = sorted(layout.counts().items(), key=lambda found: -found[1])
    return ", ".join(f"{layout.space.id_of(name)} {name} ({count / layout.ids.size:.1%})" for name, count in ranked)


def _pair(text: str) -> tuple[int, int | None]:
    found = re.fullmatch("([0-9]{1,5}):([0-9]{1,5}|none)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form ID:ID or ID:none")
    return int(found[1]), None if found[2] == "none" else int(found[2])


def _strength(text: str) -> float:
    try:
        strength = float(text)
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return strength
