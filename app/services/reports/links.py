"""The addresses of the lists that the numbers of a report were counted from."""

from __future__ import annotations

from typing import Any


def to_list(slug: str, *filters: str, **equal: Any) -> str:
    """The list with these filters, as "attribute:operator:value", and with these attributes equal to what is not None."""
    wanted = (*filters, *(f"{name}:is:{value}" for name, value in equal.items() if value is not None))
    return f"/{slug}/?" + "&".join(f"f={each}" for each in wanted)
