"""QR codes, drawn on the server: what is in one is a secret and goes nowhere else."""

import segno
from markupsafe import Markup


def svg(text: str) -> Markup:
    """Return a QR code as SVG, black on white in a dark theme too: cameras expect that."""
    code = segno.make(text, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, light="#fff", svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704  # nosec B704 - paths that segno draws, no text
