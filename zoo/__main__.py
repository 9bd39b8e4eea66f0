"""The zoo's command line: list, pull, verify, pin, convert and publish checkpoints.

Exit status 0, or 2 with one sentence on standard error for bad input.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.catalog import Entry, catalog, catalog_file, find
from zoo.command_line import Parser, carry_out, progress
from zoo.convert.command import add_arguments, convert
from zoo.endpoint import endpoint
from zoo.errors import ZooError
from zoo.files import WEIGHTS
from zoo.hub import availability, find_here, folder_of, obtain, verify

if TYPE_CHECKING:  # brings huggingface_hub, which listing needs not wait for
    from zoo.pins import Pin


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit status."""
    return carry_out(_parser(), arguments)


def list_entries(args: argparse.Namespace) -> None:
    """Print every checkpoint: what it is, where it stands, its size and licence, and whether it was ever verified."""
    rows = [("NAME", "FAMILY", "STATE", "SIZE", "LICENCE", "VERIFIED")]
    for entry in catalog().values():
        checked = "yes" if entry.verified else "not yet"
        rows.append((entry.name, entry.family, _state(entry), _size(entry), entry.licence or "not stated", checked))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def pull(args: argparse.Namespace) -> None:
    """Get a checkpoint, and print the folder it is in."""
    print(obtain(args.name, progress=progress()).folder)


def verify_entries(args: argparse.Namespace) -> None:
    """Read the named checkpoint, or all that are here, to the last byte."""
    here = [entry for entry in catalog().values() if (folder_of(entry) / WEIGHTS).is_file()]
    damaged = []
    for entry in [find(args.name)] if args.name else here:
        try:
            print(f"{entry.name}: {verify(entry).folder} is as it should be")
        except ZooError as error:
            if args.name:
                raise
            print(f"{entry.name}: {error}")
            damaged.append(entry.name)
    if damaged:
        raise ZooError(f"{len(damaged)} of {len(here)} checkpoints are damaged: {', '.join(damaged)}.")


def pin(args: argparse.Namespace) -> None:
    """Write the revision, sizes and sha256 of an entry, as they are now, into the catalogue."""
    endpoint()
    from zoo.pins import write_pin

    entry = find(args.name)
    found = _pin_of_builtin(entry) if entry.source == "builtin" else _pin_of_hub(entry)
    here = find_here(entry) if entry.source == "hub" else None
    verified = entry.source == "builtin" or (here is not None and here.revision == found.revision)
    write_pin(catalog_file(), entry.name, found, verified)
    for path, size, sha256 in zip(entry.files, found.size_bytes, found.sha256, strict=True):
        print(
            f"{entry.name}: {path} {size} bytes, sha256 {sha256}, revision {found.revision or 'none, it is built in'}"
        )


def publish(args: argparse.Namespace) -> None:
    """Upload a checkpoint folder with its model card, or print what would be uploaded."""
    from zoo.publish import plan, upload

    files = plan(args.folder, args.repo)
    for path, content in files.items():
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        print(f"{args.repo}/{path}: {size} bytes")
    if args.dry_run:
        card = next(content for path, content in files.items() if path.endswith("/README.md"))
        print(f"\n{card.decode() if isinstance(card, bytes) else card}", end="")
    else:
        print(upload(files, args.repo))


def _state(entry: Entry) -> str:
    if entry.unsupported:
        return "not readable here"
    state = availability(entry)
    if state.ready:
        return "built in" if entry.source == "builtin" else "cached"
    if (folder_of(entry) / WEIGHTS).is_file() and not state.can_pull:
        return "damaged"
    if entry.source == "builtin":
        return "missing"
    if state.can_pull:
        return "can be pulled"
    return "offline" if entry.source == "hub" else "needs the authors' download"


def _size(entry: Entry) -> str:
    weights = folder_of(entry) / WEIGHTS
    size = sum(entry.size_bytes) or (weights.stat().st_size if weights.is_file() else 0)
    return f"{size / 1e6:.1f} MB" if size else "unknown"


def _pin_of_builtin(entry: Entry) -> Pin:
    from zoo.files import check_safetensors, sha256_of
    from zoo.pins import Pin

    weights = folder_of(entry) / WEIGHTS
    check_safetensors(weights)
    return Pin("", (weights.stat().st_size,), (sha256_of(weights),))


def _pin_of_hub(entry: Entry) -> Pin:
    from zoo.fetch import fetch
    from zoo.pins import Pin, remember_pin, resolve

    if entry.source != "hub":
        raise ZooError(
            f"{entry.name} is not on the Hub, so it has no revision to pin; python -m zoo list shows its source."
        )
    anew = replace(entry, revision="", sha256=(), size_bytes=())
    found = resolve(anew, None)
    if not all(found.sha256):  # the Hub tells the sha256 of large files only
        fetched = fetch(replace(anew, revision=found.revision), offline=False, progress=progress())
        found = Pin(found.revision, found.size_bytes, tuple(fetched.sha256))
    remember_pin(entry, found)
    return found


def _parser() -> Parser:
    parser = Parser(prog="python -m zoo", description="The checkpoints: where they are, and how they get here.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=run.__doc__.split("\n")[0], description=run.__doc__)
        added.set_defaults(run=run)
        return added

    command("list", list_entries)
    command("pull", pull).add_argument("name", metavar="NAME")
    command("verify", verify_entries).add_argument("name", metavar="NAME", nargs="?")
    command("pin", pin).add_argument("name", metavar="NAME")
    add_arguments(command("convert", convert))
    publishing = command("publish", publish)
    publishing.add_argument("folder", metavar="DIR", type=Path, help="a checkpoint folder named as its entry")
    publishing.add_argument("--repo", metavar="OWNER/NAME", required=True, help="the Hub repository")
    publishing.add_argument("--dry-run", action="store_true", help="upload nothing, print what would be")
    return parser


if __name__ == "__main__":
    sys.exit(main())
