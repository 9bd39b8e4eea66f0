"""The look of one picture given to another, and textures grown from an example."""
