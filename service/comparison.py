"""Differences: what differs in the lists between two moments, in words and as data.

Law: a difference says what is different at the two moments, not all that happened between them; read backwards, it
says how to get back. It is read a part at a time, and never held as a whole.

The document that a difference is of holds each list by its name, and in it each item by its id:
`{"claims": {"<id>": {...}}, "reports": {...}}`. The JSON Patch (RFC 6902) turns that of the one moment into that of the
other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, Table, select, true

from projections.asof import moved_keys, rows_of
from projections.catalogue import LISTS, VIEWS
from projections.lists import Listed, model_of
from projections.rows import Row
from projections.views import claims, figures, incidents
from service.comparison_words import Names, in_words

After = tuple[int | str, ...]
Item = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A list that is compared: its name in the document, what its items are called, and where they are read.

    `order` names a column that never changes for an item.
    """

    name: str
    noun: str
    table: Table
    order: str
    item: Callable[[Row], BaseModel]
    of: Callable[[str], ColumnElement[bool]]
    """The condition that a row belongs to an incident."""

    @property
    def view(self) -> str:
        """Return the name of the view that keeps the table."""
        return next(view.name for view in VIEWS if self.table in view.tables)


class ChangeItem(BaseModel):
    """One thing that differs: what became of it, in words, and as data."""

    model_config = ConfigDict(frozen=True)

    kind: str = Field(description="What it is: claim, report, figure, ...")
    id: str
    what: Literal["added", "removed", "changed"]
    words: str = Field(description="The change as one line in English")
    fields: tuple[str, ...] = Field(description="The fields that differ")
    before: dict[str, Any] | None = Field(description="These fields at `from`; null where it was not there")
    after: dict[str, Any] | None = Field(description="These fields at `to`; null where it is not there")


class StatedFor(figures.StatedView):
    """A value that somebody stated, with the figure that it was stated for."""

    figure: str


def _of(table: Table) -> Callable[[str], ColumnElement[bool]]:
    return lambda incident: table.c.incident == incident


def _value_of(incident: str) -> ColumnElement[bool]:
    return figures.stated.c.figure.in_(select(figures.figures.c.figure).where(figures.figures.c.incident == incident))


def _listed(listed: Listed) -> Part:
    model = model_of(listed)
    of = _of(listed.table) if listed.scope == "incident" else lambda _: true()
    return Part(listed.path, listed.noun, listed.table, listed.order[0], model.model_validate, of)


INCIDENTS = Part(
    "incidents",
    "incident",
    incidents.incidents,
    "short_id",
    incidents.IncidentView.model_validate,
    _of(incidents.incidents),
)
CLAIMS = Part("claims", "claim", claims.claims, "number", claims.view_of, _of(claims.claims))
VALUES = Part("values", "value", figures.stated, "position", StatedFor.model_validate, _value_of)
PARTS: dict[str, tuple[Part, ...]] = {
    "incidents": (INCIDENTS,),
    "claims": (CLAIMS,),
    **{listed.path: (_listed(listed), VALUES) if listed.path == "figures" else (_listed(listed),) for listed in LISTS},
}
"""The parts of each list's difference: figures have their values beside them."""
FOLLOWING = frozenset({"timeline", "review"})
"""Lists that only say again, in their own order, what became of claims and evidence: a whole is told without them."""
WHOLE: tuple[Part, ...] = (
    INCIDENTS,
    CLAIMS,
    *(
        part
        for listed in LISTS
        if listed.scope == "incident" and listed.path not in FOLLOWING
        for part in PARTS[listed.path]
    ),
)
"""The parts of an incident as a whole."""


@dataclass(frozen=True)
class Difference:
    """What differs in some lists between position `a` and position `b`; `only` says which rows of a part count."""

    parts: tuple[Part, ...]
    a: int
    b: int
    only: Callable[[Part], ColumnElement[bool]]

    def kinds(self, after: After) -> tuple[type, ...]:
        """Return the types of which a key consists that begins as this one does."""
        number = after[0] if after else None
        if not isinstance(number, int) or number not in range(len(self.parts)):
            return (int, int, str)
        part = self.parts[number]
        return (int, part.table.c[part.order].type.python_type, str)

    def items(self, connection: Connection, after: After | None, limit: int) -> list[tuple[After, ChangeItem]]:
        """Return the changes after a key, at most `limit`, each with its key."""
        found: list[tuple[After, ChangeItem]] = []
        names = Names(connection, max(self.a, self.b))
        for key, part, before, now in self._pairs(connection, after):
            change = _change(part, str(key[-1]), before, now, names)
            if change is not None:
                found.append((key, change))
            if len(found) == limit:
                break
        return found

    def every(self, connection: Connection) -> Iterator[ChangeItem]:
        """Yield all changes."""
        names = Names(connection, max(self.a, self.b))
        for key, part, before, now in self._pairs(connection, None):
            change = _change(part, str(key[-1]), before, now, names)
            if change is not None:
                yield change

    def patch(self, connection: Connection) -> Iterator[Item]:
        """Yield the operations of the JSON Patch."""
        for key, part, before, now in self._pairs(connection, None):
            yield from _operations(f"/{part.name}/{_escaped(str(key[-1]))}", before, now)

    def _pairs(
        self, connection: Connection, after: After | None
    ) -> Iterator[tuple[After, Part, Item | None, Item | None]]:
        start, key = (int(after[0]), after[1:]) if after else (0, None)
        for number, part in enumerate(self.parts[start:], start):
            while page := self._page(connection, part, key):
                keys = [one[1] for one in page]
                before, now = (rows_of(connection, part.table, keys, at) for at in (self.a, self.b))
                for key in page:
                    was, became = (_item(part, rows.get(key[1])) for rows in (before, now))
                    yield (number, *key), part, was, became
            key = None

    def _page(self, connection: Connection, part: Part, after: After | None) -> list[tuple[int | str, str]]:
        only = self.only(part)
        return moved_keys(connection, part.table, only, self.a, self.b, order=part.order, after=after, limit=CHUNK)


CHUNK = 200


def _item(part: Part, row: Row | None) -> Item | None:
    return None if row is None else part.item(row).model_dump(mode="json")


def _change(part: Part, key: str, before: Item | None, now: Item | None, names: Names) -> ChangeItem | None:
    """Return how an item differs, None where only its interval does: it went and came back as it was."""
    fields = tuple(f for f in (before or now or {}) if f != "since" and _get(before, f) != _get(now, f))
    if not fields:
        return None
    what: Literal["added", "removed", "changed"] = "changed" if before and now else "added" if now else "removed"
    return ChangeItem(
        kind=part.noun,
        id=key,
        what=what,
        words=in_words(part.noun, what, fields, before, now, names),
        fields=fields,
        before=None if before is None else {name: before[name] for name in fields},
        after=None if now is None else {name: now[name] for name in fields},
    )


def _get(item: Item | None, field: str) -> Any:
    return _ABSENT if item is None else item.get(field)


_ABSENT = object()


def _operations(path: str, before: Item | None, now: Item | None) -> Iterator[Item]:
    if now is None:
        if before is not None:
            yield {"op": "remove", "path": path}
    elif before is None:
        yield {"op": "add", "path": path, "value": now}
    else:
        for name, value in now.items():
            if value != before[name]:
                yield {"op": "replace", "path": f"{path}/{_escaped(name)}", "value": value}


def _escaped(part: str) -> str:
    """Return a part of a JSON pointer (RFC 6901 3)."""
    return part.replace("~", "~0").replace("/", "~1")
