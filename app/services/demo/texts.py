"""What the people of the demo school write down."""

from __future__ import annotations

from random import Random
from typing import Final

TAGS: Final = (
    "Adult beginner",
    "Sibling",
    "Scholarship",
    "Summer course",
    "Weekends only",
    "Evenings",
    "Own instrument",
    "Exam track",
)

MISSED: Final = ("", "", "Rang out.", "Went to voicemail; left our number.", "Line was busy.", "")
REACHED: Final = (
    "Wants lessons once a week. Sent the price list.",
    "Asked for a trial lesson after school hours.",
    "Played for two years, then stopped; wants to start again.",
    "Would like to know which instruments can be rented.",
    "Prefers messages to calls.",
    "",
)
CALLED: Final = (
    "Still deciding; we talk again.",
    "Waiting for the new work schedule.",
    "Asked to call back after the holidays.",
    "",
)
LOST: Final = (
    "Found a school closer to home.",
    "Too expensive at the moment; may come back next year.",
    "No time this season.",
    "Did not answer for weeks. Closed.",
    "Moving to another town.",
)
NOTES: Final = {
    "reach": (
        "{name} has a {instrument} at home and practises already.",
        "Can come on Tuesdays and Fridays only, after 16:00.",
        "Interested in the yearly plan if the trial goes well.",
        "Was told about us by a pupil of the choir.",
        "Asks whether siblings get a discount.",
    ),
    "arrange": (
        "Trial lesson agreed. Bring a notebook; we lend the {instrument}.",
        "Trial agreed; will come with a parent.",
    ),
    "hold": (
        "Good sense of rhythm, a little shy. Recommend one lesson a week.",
        "Enjoyed the lesson very much. Teacher suggests the beginners' course.",
        "Reads music already; could start at intermediate level.",
        "Needs a smaller {instrument}. Otherwise ready to begin.",
    ),
    "enrol": (
        "Signed up for three months, starting next week.",
        "Starts with the six-month plan. Welcome letter sent.",
    ),
    "lose": ("Polite refusal; fine to write again in spring.",),
}


def note(step: str, name: str, interest: str, luck: Random) -> str:
    """A note that fits the step; empty when there is none."""
    instrument = interest.lower() if interest not in ("Voice", "Choir", "Music theory") else "keyboard"
    return luck.choice(NOTES[step]).format(name=name, instrument=instrument) if step in NOTES else ""
