"""From a matplotlib figure to an SVG that belongs to the page: its colours, no fixed size, no date, unique ids."""

import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "SETTINGS", "new_figure", "to_svg"]

#: Colour given to matplotlib -> CSS variable on the page, so that light, dark and print each have their own.
COLOURS = {
    "ink": "#010203", "muted": "#010204", "grid": "#010205", "line": "#010206", "band": "#010207", "onset": "#010208",
    "works": "#010209", "after": "#01020a", "limit": "#01020b", "claim": "#01020c", "measured": "#01020d",
    "pipe": "#01020e", "p1": "#01020f", "p2": "#010210", "p3": "#010211", "p4": "#010212", "p5": "#010213",
    "sensor": "#010214", "best": "#010215", "found": "#010216", "tank": "#010217", "pump": "#010218", "paper": "#010219",
    "failing": "#01021a", "transformer": "#01021b",
}  # fmt: skip
SETTINGS = {"svg.fonttype": "none", "font.size": 10.0, "axes.unicode_minus": True, "path.simplify": False}
_FONT = re.compile(r"font: ([^;\"]*?px) [^;\"]*")
_ID = re.compile(r'(\bid="|url\(#|href="#)')


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of the object interface; inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.patch.set_alpha(0.0)
    return figure


def to_svg(figure: "Figure", name: str) -> str:
    """The SVG element of a figure, fit for being put into a page. The same figure gives the same text."""
    import matplotlib as mpl

    buffer = io.StringIO()
    settings: Any = {**SETTINGS, "svg.hashsalt": name}
    with mpl.rc_context(settings):
        figure.savefig(
            buffer,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
            transparent=True,
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(
        r'<svg [^>]*?viewBox="([^"]*)"[^>]*>',
        rf'<svg viewBox="\1" aria-hidden="true" data-drawing="{name}">',
        text,
        count=1,
    )
    text = text.replace("xlink:href", "href")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = _FONT.sub(r"font: \1 sans-serif", text)
    text = _ID.sub(rf"\g<1>{name}-", text)
    for key, colour in COLOURS.items():
        text = text.replace(colour, f"var(--c-{key})")
    return re.sub(r"\n\s*", "\n", text).strip()
