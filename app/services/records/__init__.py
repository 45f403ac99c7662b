"""Records of students as the standards have them: made on enrollment, imported, merged, given out and erased."""

from app.services import enrollments, students  # noqa: F401 - whose actions are here: loaded first, whichever module is asked for
