"""The code values that records may hold: Ed-Fi's default descriptors of Data Standard 5, and the few that the school's
own program adds. They become URIs on the way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SEXES: Final = ("Female", "Male", "Non-binary", "Not Selected")
RACES: Final = (
    "American Indian or Alaska Native",
    "Asian",
    "Black or African American",
    "Hispanic or Latino",
    "Middle Eastern or North African",
    "Native Hawaiian or Pacific Islander",
    "White",
    "Other",
    "Choose Not to Respond",
)
GRADE_LEVELS: Final = (
    "Infant/toddler",
    "Preschool",
    "Prekindergarten",
    "Transitional Kindergarten",
    "Kindergarten",
    "First grade",
    "Second grade",
    "Third grade",
    "Fourth grade",
    "Fifth grade",
    "Sixth grade",
    "Seventh grade",
    "Eighth grade",
    "Ninth grade",
    "Tenth grade",
    "Eleventh grade",
    "Twelfth grade",
    "Grade 13",
    "Postsecondary",
    "Ungraded",
    "Other",
    "Out of School",
)
NEW_STUDENT: Final = "New student"  # of the program: no default of Ed-Fi
ENTRY_TYPES: Final = (
    NEW_STUDENT,
    "New to education system",
    "Next year school",
    "Re-entry",
    "Transfer",
    "Other",
)
WITHDRAWN: Final = "Withdrawn"
EXIT_TYPES: Final = (
    "Completed",
    "Died or is permanently incapacitated",
    "Dropout",
    "End of school year",
    "Enrolled in a high school diploma program",
    "Expelled",
    "Graduated",
    "Incarcerated",
    "Invalid enrollment",
    "Involuntarily Removed",
    "No show",
    "Other",
    "Reached maximum age",
    "Transferred",
    WITHDRAWN,
)
RELATIONS: Final = (
    "Mother",
    "Father",
    "Parent",
    "Mother, step",
    "Father, step",
    "Parent, step",
    "Foster parent",
    "CourtAppointedGuardian",
    "Grandmother",
    "Grandfather",
    "Grandparent",
    "Great Grandparent",
    "Aunt",
    "Uncle",
    "Great aunt",
    "Great uncle",
    "Brother",
    "Sister",
    "Sibling",
    "Cousin",
    "Niece",
    "Nephew",
    "Son",
    "Daughter",
    "Husband",
    "Wife",
    "Spouse",
    "Fiance",
    "Fiancee",
    "SignificantOther",
    "MothersCivilPartner",
    "MothersSignificantOther",
    "FathersCivilPartner",
    "FathersSignificantOther",
    "BrotherInLaw",
    "SisterInLaw",
    "DaughterInLaw",
    "SonInLaw",
    "FatherInLaw",
    "MotherInLaw",
    "Godparent",
    "Relative",
    "Ward",
    "Friend",
    "Neighbor",
    "Employer",
    "Other",
    "Unknown",
)
SOURCE_SYSTEM: Final = "TSA_Admissions_Portal"


def match(values: Sequence[str], typed: str | None) -> str | None:
    """The code value that was meant, whatever its capitals and the blanks around it; None when it is none of them."""
    wanted = (typed or "").strip().casefold()
    return next((value for value in values if value.casefold() == wanted), None)
