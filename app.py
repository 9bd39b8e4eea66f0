"""The entry point: `python app.py` serves the studio. On a Space the environment says where to listen."""

from __future__ import annotations

import argparse
import os
import sys

from zoo.command_line import Parser, carry_out
from zoo.endpoint import endpoint

# Gradio and the Hub's client read these when they are imported: nothing here reports or checks anything outside.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_SHARE"] = "False"


def main() -> int:
    """Serve the studio as the command line says; the exit status is 0, or 2 with one sentence on standard error."""
    parser = Parser(prog="app.py", description="A studio for image synthesis, in the browser.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), help="address to serve on")
    parser.add_argument("--port", type=port, default=None, help="port to serve on (7860, or the next free one)")
    parser.add_argument("--offline", action="store_true", help="never ask the Hub; use what is built in or cached")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks run")
    parser.set_defaults(run=serve)
    return carry_out(parser, None)


def port(text: str) -> int:
    """A port number."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65535")
    return int(text)


def serve(args: argparse.Namespace) -> None:
    """Build the page and serve it until interrupted."""
    endpoint()  # an address that is none is told here; Gradio's own import would fail on it
    if args.offline:
        os.environ["SIMS_OFFLINE"] = "1"
    os.environ["SIMS_DEVICE"] = args.device
    from sims.ui.studio import build_studio, launch_settings

    build_studio().launch(server_name=args.host, server_port=args.port, **launch_settings())


if __name__ == "__main__":
    sys.exit(main())
