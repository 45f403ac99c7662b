"""What people keep about screens."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, Stamps


class SavedFilter(Key, Stamps, Base):
    """A list's query string under a name, for its owner or, when shared, for everyone who may see the list."""

    __tablename__ = "saved_filters"
    __table_args__ = (
        Index("uq_saved_filters_owner_resource_name", "owner_id", "resource", func.lower(text("name")), unique=True),
        Index("ix_saved_filters_resource", "resource"),
    )
    owner_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"))
    resource: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
