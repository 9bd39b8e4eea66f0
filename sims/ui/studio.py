"""The whole page: one file a tab, put together here."""

from __future__ import annotations

from typing import Any

import gradio as gr

from sims.ui.api import build_api
from sims.ui.cips_api import build_cips_api
from sims.ui.compare import build_compare, connect_send
from sims.ui.generator_panel import connect_pull
from sims.ui.page_part import STATIC
from sims.ui.panorama_tab import build_panorama, connect_panoramas
from sims.ui.style_api import build_style_api
from sims.ui.style_tab import build_style, connect_sends
from sims.ui.synthesis import build_synthesis
from sims.ui.texture_tab import build_texture, connect_textures
from sims.ui.theme import studio_theme
from sims.ui.walk_api import build_walk_api

TITLE = "Image synthesis studio"
QUEUE = 24  # runs that may wait at once, over all sessions
SESSIONS = 256  # whose results are remembered; the oldest session is forgotten
KEEP_SECONDS = 6 * 3600  # uploads and served pictures are deleted after this
STYLES = (
    *("studio", "stages", "viewer", "picture_drop", "regions", "style", "texture"),
    *("vendor/pannellum/pannellum", "panorama", "panels"),
)
MASTHEAD = f"""<div id="masthead"><h1>{TITLE}</h1>
<p>Layouts become pictures, and pictures take on the look of others, by the classic methods.</p></div>"""


def build_studio() -> gr.Blocks:
    """The demo, queue included, ready for `launch(**launch_settings())`."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(600, KEEP_SECONDS)) as demo:
        gr.HTML(MASTHEAD, js_on_load=None)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Layout synthesis", id="synthesis"):
                synthesis = build_synthesis()
            with gr.Tab("Compare", id="compare"):
                compare = build_compare(synthesis)
            with gr.Tab("Style transfer", id="style") as tab:
                style = build_style(synthesis, demo, tab)
            with gr.Tab("Texture", id="texture"):
                texture = build_texture(demo)
            with gr.Tab("Panorama", id="panorama"):
                panorama = build_panorama(demo)
        connect_pull(synthesis.generators, compare.generators, demo)
        connect_send(synthesis, compare, tabs)
        senders = [(synthesis.results, synthesis.history), (compare.sheet, compare.results)]
        senders += [(one.view, one.history) for one in (texture.one, panorama.one)]
        connect_sends(style, tabs, senders)
        connect_textures(texture, style, tabs)
        connect_panoramas(panorama, style, texture, tabs)
        build_api()
        build_style_api()
        build_cips_api()
        build_walk_api()
    return demo.queue(max_size=QUEUE)


def launch_settings() -> dict[str, Any]:
    """How the page is served: our look, nothing that looks outside, no internals in error messages."""
    return {
        "theme": studio_theme(),
        "css_paths": [STATIC / f"{name}.css" for name in STYLES],
        "favicon_path": STATIC / "favicon.svg",
        "footer_links": ["api", "settings"],
        "mcp_server": True,
        "show_error": False,
        "share": False,
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "state_session_capacity": SESSIONS,
        "max_file_size": "64mb",
    }
