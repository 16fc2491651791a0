"""Differences in words: what is different about a claim, a figure, a report, at two moments.

Law: a sentence says what a row of a view says, and no more. What follows from another row, as the timeline does from
the claims, is said once.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from projections.asof import Change
from projections.views.claims import claims
from projections.views.sources import sources
from service.words import shortened, spread

SAID_ELSEWHERE = frozenset({"moment", "review_item"})
"""Kinds of rows that only follow from other rows."""
FOLLOWS: dict[str, frozenset[str]] = {
    "incident": frozenset({"groups", "counts", "changed", "changed_at", "version", "country"}),
    "claim": frozenset({"wording", "group", "assessed", "chain", "claimant", "retraction", "made", "figure"}),
    "report": frozenset({"content", "position"}),
    "evidence": frozenset({"content", "position"}),
}
"""Fields that only follow from other fields of the row, or count its changes."""


@dataclass(frozen=True)
class Differences:
    """Tells the differences of an incident's rows; `position` is the later of the two moments."""

    connection: Connection
    position: int

    def of(self, kind: str, table: Table, changes: Iterable[Change]) -> Iterator[str]:
        """Yield a sentence for each thing that is different, in the order in which the things were recorded."""
        if kind in SAID_ELSEWHERE:
            return
        with_rows = [(self._row(table, change), change) for change in changes]
        for row, change in sorted(with_rows, key=lambda one: (one[0].get("number", 0), one[0].get("position", 0))):
            yield from self._sentences(kind, row, change)

    def _sentences(self, kind: str, row: Mapping[str, Any], change: Change) -> Iterator[str]:
        thing = _thing(kind, row)
        if change.what != "changed":
            said = self._said_of_new(kind, row)
            yield f"{thing} {change.what}{f': {said}' if said else ''}"
            return
        before, after = change.before or {}, change.after or {}
        for field in change.fields:
            if field not in FOLLOWS.get(kind, frozenset()):
                yield f"{thing}: {self._change(field, before[field], after[field])}"

    def _row(self, table: Table, change: Change) -> Mapping[str, Any]:
        """Return the row that is spoken of: as it is where it is new or gone, as it was at the later moment else."""
        if change.what != "changed":
            return change.after or change.before or {}
        key = [table.c[name] == value for name, value in change.key.items()]
        query = select(table).where(*key, table.c.since <= self.position).order_by(table.c.since.desc()).limit(1)
        return dict(self.connection.execute(query).mappings().one())

    def _said_of_new(self, kind: str, row: Mapping[str, Any]) -> str:
        match kind:
            case "claim":
                quantity = f", {words_of(row['quantity'])}" if row["quantity"] else ""
                return f"{state(row['record_state'])}, {state(row['assessment'])}{quantity}"
            case "figure" if row["adopted"]:
                return f"adopted {words_of(row['adopted'])}"
            case "evidence":
                return state(row["kind"])
            case _:
                return ""

    def _change(self, field: str, before: Any, after: Any) -> str:
        if isinstance(before, list) and isinstance(after, list):
            return f"{state(field)}: {self._of_lists(before, after)}"
        return f"{state(field)} from {words_of(before)} to {words_of(after)}"

    def _of_lists(self, before: list[Any], after: list[Any]) -> str:
        more, fewer = [x for x in after if x not in before], [x for x in before if x not in after]
        said = [f"{sign}{self._named(one)}" for sign, some in (("+", more), ("-", fewer)) for one in some]
        return ", ".join(said) or "in another order"

    def _named(self, one: Any) -> str:
        """Return an item of a list, with the names of the claim or source that it points to."""
        if not isinstance(one, dict):
            return words_of(one)
        if "relation" in one and "claim" in one:
            unsure = " (unsure)" if one.get("judgement") == "unsure" else ""
            return f"{self._claim(one['claim'])} {state(one['relation'])} {self._claim(one['other'])}{unsure}"
        if "source" in one and "kind" in one:
            wording = f" “{shortened(one['wording']['text'])}”" if one.get("wording") else ""
            return f"{self._source(one['source'])} {state(one['kind'])}{wording}"
        return words_of(one)

    def _claim(self, claim: str) -> str:
        query = select(claims.c.number).where(claims.c.claim == claim).limit(1)
        return f"claim {self.connection.execute(query).scalar()}"

    def _source(self, source: str) -> str:
        query = select(sources.c.name).where(sources.c.source == source, sources.c.since <= self.position)
        return str(self.connection.execute(query.order_by(sources.c.since.desc()).limit(1)).scalar())


def _thing(kind: str, row: Mapping[str, Any]) -> str:
    match kind:
        case "incident":
            return f"incident {row['short_id']}"
        case "claim":
            return f"claim {row['number']} “{shortened(row['text'])}”"
        case "figure":
            return f"figure “{row['label']}”"
        case "evidence":
            return f"evidence {row['reference'] or row['hash']}"
        case _:
            return f"{kind} “{shortened(row.get('title') or row.get('text') or '')}”"


def words_of(value: Any) -> str:
    """Return a value of a row as people say it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return _of_object(value)
    return state(value) if isinstance(value, str) else str(value)


def _of_object(value: dict[str, Any]) -> str:
    if isinstance(value.get("value"), dict):
        return words_of(value["value"])
    if "unit" in value:
        number = spread(value.get("low"), value.get("best"), value.get("high"))
        unit = "" if value["unit"] == "1" else f" {value['unit']}"
        wording = f" (“{value['wording']}”)" if value.get("wording") else ""
        return f"{number}{unit}{wording}"
    for name in ("text", "wording", "label", "what", "kind", "relation", "name"):
        if value.get(name):
            said = value[name]
            return state(said["text"] if isinstance(said, dict) else str(said))
    return orjson.dumps(value).decode()


def state(name: str) -> str:
    """Return a name of the vocabulary as words: retracted by desk."""
    return name.replace("_", " ") if name.islower() and " " not in name else name
