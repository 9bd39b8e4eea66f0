"""The one look of the studio: paper and ink, one teal accent, fonts that Gradio itself serves."""

from __future__ import annotations

from gradio.themes import Base, Color, LocalFont, sizes

TEAL = Color(
    name="teal",
    c50="#effaf8",
    c100="#d3f2ec",
    c200="#a9e4da",
    c300="#74cfc3",
    c400="#41b3a7",
    c500="#24978c",
    c600="#177a72",
    c700="#14625c",
    c800="#144f4b",
    c900="#13423f",
    c950="#062725",
)
INK = Color(
    name="ink",
    c50="#f8f8f6",
    c100="#f0f0ed",
    c200="#e2e2dd",
    c300="#cbcbc5",
    c400="#9c9c96",
    c500="#70706b",
    c600="#565652",
    c700="#3e3e3b",
    c800="#282826",
    c900="#1c1c1b",
    c950="#121211",
)


def studio_theme() -> Base:
    """The theme to hand to `launch`. Text and buttons keep a contrast of 4.5 or more in light and dark."""
    theme = Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=INK,
        radius_size=sizes.radius_md,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
        font=(LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
        font_mono=(LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_width="1px",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_title_text_weight="600",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
        button_secondary_background_fill="*neutral_100",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_large_text_weight="600",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_placeholder_color="*neutral_500",
        checkbox_label_background_fill="*neutral_100",
        checkbox_label_background_fill_dark="*neutral_800",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_950",
        checkbox_label_border_color_selected="*primary_600",
        checkbox_label_border_color_selected_dark="*primary_500",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_600",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
    )
