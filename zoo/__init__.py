"""Where checkpoints are kept and how they get here: the catalogue, the Hub, and files on disk."""

from zoo.catalog import Entry, catalog, find
from zoo.errors import ZooError

__all__ = ["Entry", "ZooError", "catalog", "find"]
