"""The one error of the zoo."""


class ZooError(Exception):
    """What is wrong with a checkpoint, its file or its source; the text is one sentence for the person who asked."""
