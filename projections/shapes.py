"""How values look in rows: ids as text, times as RFC 3339 text in UTC with microseconds, the rest as JSON."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel


def text_of(moment: datetime) -> str:
    """Return a time as sortable text: 2024-08-08T09:00:00.000000Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def json_of(value: BaseModel | None) -> dict[str, Any] | None:
    """Return a value as JSON, without what it leaves empty."""
    return None if value is None else value.model_dump(mode="json", exclude_none=True)


def id_of(value: UUID | None) -> str | None:
    """Return an id as text."""
    return None if value is None else str(value)
