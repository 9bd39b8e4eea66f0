"""The view of a panorama: the viewer of one picture, and above it the same seen from within.

Pannellum (MIT, in `static/vendor`) draws what is seen from within; it is the page's own file, and asks nobody for
anything. The part is put together as `sims.ui.page_part` does, from more scripts.
"""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from sims.ui.page_part import STATIC

SCRIPTS = (  # later ones use earlier ones; the viewer ends with what draws it
    "common",
    "vendor/pannellum/pannellum",
    "viewer",
    "panorama_sphere",
    "panorama_strip",
    "panorama",
)


def panorama_view(elem_id: str, empty: Mapping[str, str]) -> gr.HTML:
    """The part; its value is that of `sims.ui.painting.shown_value`, `empty` as in `sims.ui.viewer.viewer`.

    Events, besides those of the viewer: "zoom" with "left", "top", "width" and "height", ten-thousandths of the
    picture; "back" and "whole" out of a part; and "centre" with the "degrees" (tenths) that are to be in the middle.
    """
    code = "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    return gr.HTML(
        {"empty": dict(empty)},
        label="Result",
        html_template='<div class="part viewer panorama"></div>',
        js_on_load=code,
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes="studio-part",
    )
