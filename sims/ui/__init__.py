"""The studio's user interface, built with Gradio."""
