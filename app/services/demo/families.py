"""The families of the demo, and what they sent in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.models.enrollments import STEPS

ENROLLED: Final = STEPS + 1
FAILING: Final = "Tariq Mansour"  # whose records could not be made
OWN: Final = "Claire Laurent"  # who has the login `guardian`
REASONS: Final = {
    "withdrawn": "The family moves to another town.",
    "rejected": "There is no place in this grade this year.",
}
# A page that says what it is, in as few bytes as a viewer accepts.
PAPER: Final = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 300]/Contents 4 0 R/Resources
<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 58>>stream
BT /F 20 Tf 40 200 Td (A document of the demo school) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
"""


@dataclass(frozen=True)
class Family:
    """A student, who looks after them, and how far they are: 0 is invited only. `guardian` is the login of the demo."""

    student: str
    guardian: str
    step: int
    state: str = ""
    grade: str = "Ninth grade"
    programs: tuple[str, ...] = ("Music",)


FAMILIES: Final = (
    Family("Manon Laurent", OWN, 4, "approved", "Seventh grade", ("Music", "Swimming")),
    Family("Jules Laurent", OWN, ENROLLED, "", "Tenth grade", ("Tennis",)),
    Family("Freya Palmer", "Rose Palmer", 1),
    Family("Kabir Menon", "Sunita Menon", 2, "", "Eighth grade"),
    Family("Wei Huang", "Jing Huang", 2, "sent", "Sixth grade", ("Athletics",)),
    Family("Amara Nwosu", "Ngozi Nwosu", 3, "", "Eleventh grade", ("Basketball",)),
    Family("Diego Vargas", "Lucía Vargas", 4, "", "Ninth grade", ("Football",)),
    Family("Maja Kubiak", "Zofia Kubiak", 5, "", "Fifth grade", ("Dance",)),
    Family("Hugo Vidal", "Manon Vidal", 5, "rejected document", "Seventh grade", ("Tennis",)),
    Family(FAILING, "Salma Mansour", 5, "failing", "Twelfth grade", ("Football",)),
    Family("Elif Koç", "Zehra Koç", 6, "sent", "Tenth grade", ("Swimming",)),
    Family("Nils Holm", "Astrid Holm", ENROLLED, "", "Ninth grade", ("Music",)),
    Family("Thabo Dlamini", "Nomsa Dlamini", 3, "withdrawn", "Eighth grade", ("Athletics",)),
    Family("Poppy Marsh", "Harry Marsh", 4, "rejected", "Sixth grade", ("Dance",)),
    Family("Layla Hamdan", "Omar Hamdan", 0, "sent"),
    Family("Yuto Ito", "Sakura Ito", 0, "opened", "Kindergarten"),
    Family("Anouk Visser", "Lotte Visser", 0, "expired"),
    Family("Ravi Desai", "Diya Desai", 0, "revoked", "Third grade"),
)
