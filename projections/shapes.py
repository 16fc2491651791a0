"""How values look in rows: ids as text, times as RFC 3339 text in UTC with microseconds, the rest as JSON."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.units import to_si
from domain.values import Quantity


def text_of(moment: datetime) -> str:
    """Return a time as sortable text: 2024-08-08T09:00:00.000000Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def json_of(value: BaseModel | None) -> dict[str, Any] | None:
    """Return a value as JSON, without what it leaves empty."""
    return None if value is None else value.model_dump(mode="json", exclude_none=True)


def id_of(value: UUID | None) -> str | None:
    """Return an id as text."""
    return None if value is None else str(value)


def quantity_of(quantity: Quantity | None) -> dict[str, Any] | None:
    """Return a quantity as given, with its numbers in SI base units beside it."""
    given = json_of(quantity)
    if quantity is None or given is None:
        return None
    numbers = {name: getattr(quantity, name) for name in ("low", "best", "high")}
    si = {name: to_si(number, quantity.unit)[0] for name, number in numbers.items() if number is not None}
    return {**given, "si": {**si, "unit": to_si(1, quantity.unit)[1]}}
