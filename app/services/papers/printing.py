"""The papers of a session, by name: each into a file, or all of them, room by room, as one archive that is sent while it is
made.
"""

from __future__ import annotations

import enum
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Final
from uuid import UUID

from app.policies.actor import Actor
from app.services.errors import NotFound
from app.services.papers import door_list, reading, register, seating_plan
from app.services.papers.facts import Hall

IN_MEMORY: Final = 4 * 1024 * 1024  # a paper that is larger is on the disk while it is made


class Paper(enum.StrEnum):
    """door_list and seating_plan are per room, attendance_register per session."""

    DOOR_LIST = "door-list"
    SEATING_PLAN = "seating-plan"
    ATTENDANCE_REGISTER = "attendance-register"


@dataclass(frozen=True)
class Print:
    """A paper as an open file, which is closed by who sends it, and what it may be called."""

    file: IO[bytes]
    file_name: str


def draw(name: str, session_id: UUID, room: str | None = None, *, actor: Actor) -> Print:
    """The paper with this name (Paper) of one room, or of all rooms of a session one after the other. Raises NotFound."""
    try:
        paper, room_id = Paper(name), UUID(room) if room else None
    except ValueError:
        raise NotFound from None
    sitting = reading.sitting(session_id, actor=actor)
    counts = reading.counts(session_id, room_id, actor=actor)
    halls = reading.halls(session_id, room_id, free=paper is Paper.SEATING_PLAN)
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by who sends it
    if paper is Paper.DOOR_LIST:
        door_list.door_list(sitting, halls, file, sum(map(door_list.pages_of, counts.values())))
    elif paper is Paper.SEATING_PLAN:
        known = list(halls)
        seating_plan.seating_plan(sitting, known, file, sum(map(seating_plan.pages_of, known)))
    else:
        register.register(sitting, halls, file, register.pages_of(counts.values()))
    file.seek(0)
    return Print(file, f"{paper}-{plain_name(sitting.code)}.pdf")


def plain_name(code: str) -> str:
    """A part of a file's name, of letters that every system takes."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in code).strip("-")


def all_papers(session_id: UUID, *, actor: Actor) -> tuple[str, Iterator[bytes]]:
    """What it may be called, and the blocks of a ZIP archive with the three papers of every room, in a folder of the
    room; memory does not grow with the rooms. Raises NotFound before the first block.
    """
    sitting = reading.sitting(session_id, actor=actor)

    def blocks() -> Iterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            for folder, hall in _folders(reading.halls(session_id, free=True)):
                archive.writestr(f"{folder}/{Paper.DOOR_LIST}.pdf", door_list.as_bytes(sitting, hall))
                archive.writestr(f"{folder}/{Paper.SEATING_PLAN}.pdf", seating_plan.as_bytes(sitting, hall))
                archive.writestr(f"{folder}/{Paper.ATTENDANCE_REGISTER}.pdf", register.as_bytes(sitting, [hall]))
                yield sink.taken()
        yield sink.taken()

    return f"papers-{plain_name(sitting.code)}.zip", blocks()


def _folders(halls: Iterable[Hall]) -> Iterator[tuple[str, Hall]]:
    """A name for each room that every file system takes, and that no other has."""
    known: set[str] = set()
    for number, hall in enumerate(halls, 1):
        name = "".join(sign if sign.isalnum() or sign in " -_" else "_" for sign in hall.title).strip()[:80]
        folder = name if name and name.casefold() not in known else f"{name} {number}".strip()
        known.add(folder.casefold())
        yield folder, hall


class _Sink(io.RawIOBase):
    """What an archive is written to: only ever forward, and taken away in between."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held
