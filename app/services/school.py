"""The school's own day, zone and region, from the configuration."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import current_app


def zone() -> ZoneInfo:
    """The time zone in which class dates and "today" are meant."""
    return ZoneInfo(current_app.config["SCHOOL_TIME_ZONE"])


def now() -> datetime:
    """The moment, as the school's clocks show it."""
    return datetime.now(zone())


def today() -> date:
    """The school's local day."""
    return now().date()


def phone_region() -> str:
    """How a phone number without a country code is read (ISO 3166 two letters)."""
    region: str = current_app.config["PHONE_REGION"]
    return region


def midnight(day: date) -> datetime:
    """The moment at which a school day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone())
