"""Allocating everyone of a test session at once: planned exactly, previewed, taken back as one unit, repaired with the
fewest moves.
"""

# Sessions have the actions of this package, which needs their locks and seats: whichever is asked for first, the
# package of the sessions begins.
import app.services.test_sessions  # noqa: F401
