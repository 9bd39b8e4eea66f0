"""How the built-in checkpoints were made: one recipe a family, runnable from the rendered world."""
