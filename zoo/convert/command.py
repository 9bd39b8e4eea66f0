"""`python -m zoo convert`: its arguments, and how it is called for the files of a catalogue entry."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.convert import FAMILIES
from zoo.convert import convert as convert_files
from zoo.convert.tf_checkpoint import INDEX
from zoo.errors import ZooError
from zoo.files import one_line

NETWORKS = ("transform", "order", "synthesis")  # of SIMS, each with an option for its checkpoint
WHAT = {
    "spade": "the generator's file, and its encoder's where there is one",
    "crn": "a TensorFlow checkpoint",
    "sims": "three TensorFlow checkpoints",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command, one set for each family."""
    families = parser.add_subparsers(metavar="FAMILY", dest="family", required=True)
    for family in FAMILIES:
        if family != "bank":  # which nobody's files are converted into
            _add_family(families.add_parser(family, help=WHAT.get(family, "one PyTorch file")), family)


def _add_family(parser: argparse.ArgumentParser, family: str) -> None:
    if family == "sims":
        for network in NETWORKS:
            wanted = f"the checkpoint of the {network} network, PREFIX.index and its data beside it"
            parser.add_argument(f"--{network}", metavar="PREFIX", type=Path, required=True, help=wanted)
        parser.add_argument("--bank", metavar="NAME", help="the bank in the catalogue whose segments are used")
    else:
        metavar, wanted = ("PREFIX", "PREFIX.index") if family == "crn" else ("FILE", "such as latest_net_G.pth")
        parser.add_argument("files", metavar=metavar, nargs="+", type=Path, help=f"the authors' checkpoint, {wanted}")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write")
    options = parser.add_mutually_exclusive_group()
    presets = ", ".join(FAMILIES[family].presets) or "there are none"
    options.add_argument("--preset", metavar="NAME", help=f"one of the authors' networks: {presets}")
    options.add_argument("--config", metavar="FILE.json", type=Path, help="the network's options")


def convert(args: argparse.Namespace) -> None:
    """Convert the authors' files into a checkpoint folder, and print the folder."""
    config = {} if args.config is None else _read_json(args.config)
    files = args.files if "files" in args else [getattr(args, network) for network in NETWORKS]
    if "bank" in args and args.bank is not None:
        config["bank"] = args.bank
    print(convert_files(args.family, files, args.out, preset=args.preset, config=config))


def command_for(family: str, files: Sequence[str], preset: str, out: str) -> str:
    """The command line that converts an entry's `files` into the folder `out`."""
    prefixes = [file.removesuffix(INDEX) for file in files if file.endswith(INDEX)] or list(files)
    if family == "sims":
        options = {network: prefix for network in NETWORKS for prefix in prefixes if network in prefix.split("/")}
        prefixes = [f"--{network} {prefix}" for network, prefix in options.items()]
    return f"python -m zoo convert {family} {' '.join(prefixes)} --preset {preset} --out {out}"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ZooError(
            f"{path} cannot be read ({error.strerror}); give a JSON file with the network's options."
        ) from error
    except ValueError as error:
        raise ZooError(f"{path} is not JSON ({one_line(error)}).") from error
    if not isinstance(value, dict):
        raise ZooError(f"{path} holds a {type(value).__name__}; give an object with the network's options.")
    return value
