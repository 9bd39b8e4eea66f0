"""Writes the catalogue's table into README.md: `python tests/readme_table.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from zoo.catalog import markdown_table  # noqa: E402

START, END = "<!-- catalogue -->\n", "<!-- /catalogue -->\n"


def with_table(readme: str) -> str:
    """`readme` with the table between its markers brought up to date."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{markdown_table().strip()}\n\n{END}{after}"


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
