"""The entry point: `python app.py` serves the studio. On a Space the environment says where to listen."""

from __future__ import annotations

import argparse
import os

# Gradio and the Hub's client read these when they are imported: nothing here reports or checks anything outside.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["GRADIO_SHARE"] = "False"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="A studio for image synthesis, in the browser.")
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), help="address to serve on")
    parser.add_argument("--port", type=int, default=None, help="port to serve on (7860, or the next free one)")
    parser.add_argument("--offline", action="store_true", help="never ask the Hub; use what is built in or cached")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where networks run")
    return parser.parse_args()


def main() -> None:
    """Build the page and serve it until interrupted."""
    args = arguments()
    if args.offline:
        os.environ["SIMS_OFFLINE"] = "1"
    os.environ["SIMS_DEVICE"] = args.device
    from sims.ui.studio import build_studio, launch_settings

    build_studio().launch(server_name=args.host, server_port=args.port, **launch_settings())


if __name__ == "__main__":
    main()
