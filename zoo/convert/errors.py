"""The one error of conversion."""

from zoo.errors import ZooError


class ConvertError(ZooError):
    """Why a file or a configuration cannot be used; the text is one sentence for the person who asked."""
