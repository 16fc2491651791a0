"""Differences in words: one clear line for each thing that differs."""

from typing import Any

from sqlalchemy import Connection, select

from projections.temporal import holds_at, key_of
from projections.views import claims, figures, sources
from service.words import spread

Item = dict[str, Any]
MEANT_BY_OTHERS = frozenset({"version", "changed", "changed_at", "group", "assessed", "retraction", "text"})
"""Fields that follow from one that is told, or that every change moves."""
LONGEST = 160


class Names:
    """What the ids in a difference are called, looked up where they are needed."""

    def __init__(self, connection: Connection, position: int) -> None:
        self._connection, self._position = connection, position
        self._known: dict[tuple[str, str], str] = {}

    def claim(self, id_: str) -> str:
        """Return the short id of a claim."""
        return self._name(claims.claims, "short_id", id_)

    def figure(self, id_: str) -> str:
        """Return the label of a figure."""
        return self._name(figures.figures, "label", id_)

    def source(self, id_: str | None) -> str:
        """Return the name of a source."""
        return "nobody named" if id_ is None else self._name(sources.sources, "name", id_)

    def _name(self, table: Any, column: str, id_: str) -> str:
        kept = (table.name, id_)
        if kept not in self._known:
            key = table.c[key_of(table)[0]]
            query = select(table.c[column]).where(key == id_, holds_at(table, self._position))
            self._known[kept] = str(self._connection.execute(query).scalar() or id_)
        return self._known[kept]


def in_words(noun: str, what: str, fields: tuple[str, ...], before: Item | None, now: Item | None, names: Names) -> str:
    """Return the change of a thing as one line."""
    present = now or before or {}
    label = _label(noun, present, names)
    if before is None or now is None:
        if noun == "value":
            return f"{label}: {_quantity(present['quantity'])} {what}"
        said = _said(noun, present)
        return f"{label} {what}{f': {said}' if said else ''}"
    if noun == "value":
        return f"{label}: {_value_changes(before, now)}"
    phrases = [_phrase(field, before[field], now[field], names) for field in fields if field not in MEANT_BY_OTHERS]
    return f"{label}: {'; '.join(phrases) or _unsaid(fields, before, now)}"


def _unsaid(fields: tuple[str, ...], before: Item, now: Item) -> str:
    """Return what is told of a change that moved nothing else."""
    if "version" in fields:
        return f"version {before['version']} -> {now['version']}"
    return f"{', '.join(field.replace('_', ' ') for field in fields)} changed"


def _label(noun: str, item: Item, names: Names) -> str:
    match noun:
        case "claim" | "incident":
            return f"{noun} {item['short_id']}"
        case "figure":
            return f"figure “{item['label']}”"
        case "value":
            return f"figure “{names.figure(item['figure'])}”, {item['how']} by {names.source(item['source'])}"
        case "report" | "bulletin":
            return f"{noun} “{_short(item['title'])}”"
        case "note" | "task":
            return f"{noun} “{_short(item['text'])}”"
        case "subject":
            return f"sealed person {item['short_id']}"
        case "source" | "account":
            return f"{noun} {item['name']}"
        case "evidence":
            return f"evidence {item['reference'] or item['hash'][:19]} ({item['kind']})"
        case "moment":
            return f"timeline, claim {names.claim(item['claim'])}"
        case _:
            return f"{noun.replace('_', ' ')} {item.get('kind', '')} {names.claim(str(item.get('subject', '')))}"


def _said(noun: str, item: Item) -> str:
    """Return what tells most of a thing that came or went."""
    match noun:
        case "claim":
            return f"“{_short(item['wording']['text'])}”"
        case "incident":
            return str(item["title"])
        case "moment":
            return f"“{_short(item['text'])}”"
        case "review_item":
            return str(item["why"])
        case _:
            return ""


def _value_changes(before: Item, now: Item) -> str:
    parts = []
    if before["quantity"] != now["quantity"]:
        parts.append(f"{_quantity(before['quantity'])} -> {_quantity(now['quantity'])}")
    if before["standing"] != now["standing"]:
        parts.append(f"{_quantity(now['quantity'])} {'stands again' if now['standing'] else 'no longer stands'}")
    if before["superseded_by"] != now["superseded_by"]:
        state = "is superseded" if now["superseded_by"] else "is no longer superseded"
        parts.append(f"{_quantity(now['quantity'])} {state}")
    return "; ".join(parts) or "stated anew"


def _phrase(field: str, before: Any, now: Any, names: Names) -> str:
    name = field.replace("_", " ")
    if isinstance(before, list) and isinstance(now, list):
        return _list_phrase(name, before, now)
    if _are_counts(before) and _are_counts(now):
        moved = [key for key in dict.fromkeys([*before, *now]) if before.get(key, 0) != now.get(key, 0)]
        return ", ".join(f"{key.replace('_', ' ')} {before.get(key, 0)} -> {now.get(key, 0)}" for key in moved)
    if field == "claimant":
        return f"{name} changed from {names.source(before)} to {names.source(now)}"
    was, became = (_short(_told(value, names)) for value in (before, now))
    return f"{name} changed" if was == became else f"{name} changed from {was} to {became}"


def _list_phrase(name: str, before: list[Any], now: list[Any]) -> str:
    more = [one for one in now if one not in before]
    fewer = [one for one in before if one not in now]
    parts = [f"{len(found)} {word}" for found, word in ((more, "added"), (fewer, "removed")) if found]
    return f"{name}: {', '.join(parts) or 'in another order'}"


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(count, int) for count in value.values())


def _told(value: Any, names: Names) -> str:
    """Return a value as people read it."""
    match value:
        case None:
            return "nothing"
        case {"unit": _, "wording": _} | {"value": {"unit": _}}:
            return _quantity(value.get("value", value))
        case {"text": str(text)}:
            return f"“{text}”"
        case {"name": str(name)}:
            return name
        case {"claimant": str(claimant)}:
            return names.source(claimant)
        case {"wording": str(wording)}:
            return f"“{wording}”"
        case {"edtf": str(edtf)}:
            return edtf
        case dict():
            return ", ".join(f"{key} {x}" for key, x in value.items() if not isinstance(x, dict | list))
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)


def _quantity(quantity: Item) -> str:
    low, best, high = (quantity.get(name) for name in ("low", "best", "high"))
    numbers = spread(None, high, None) if low in (None, high) and best in (None, high) else spread(low, best, high)
    bound = str(quantity.get("bound", "exact")).replace("_", " ")
    words = [
        "" if bound in ("exact", "between") else bound,
        numbers,
        "" if quantity["unit"] == "1" else quantity["unit"],
    ]
    return " ".join(word for word in words if word)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
