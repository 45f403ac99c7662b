"""QR codes as SVG in the page: no image is fetched, and no style is needed."""

from __future__ import annotations

import segno
from markupsafe import Markup

from app.services.second_factor.factors import Begun
from app.views.door import Enrolment


def enrolment(begun: Begun) -> Enrolment:
    """What an app for codes is given; the key in groups of four, to be typed."""
    picture = segno.make(begun.address, error="m").svg_inline(
        scale=4, border=3, dark="#000", light="#fff", svgclass=None, lineclass=None, omitsize=True, title="QR"
    )
    key = begun.secret
    return Enrolment(Markup(picture), " ".join(key[at : at + 4] for at in range(0, len(key), 4)))
