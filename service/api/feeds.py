"""The change log as feeds: Atom (RFC 4287) and JSON Feed 1.1, the newest line first.

Law: the id of an entry is made of the ledger's own id and the position, and is the same for ever, whatever the address.
"""

import re
from collections.abc import Sequence
from typing import Any
from uuid import uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import orjson
from fastapi import Request

from projections.views.change_log import ChangeView
from service.api.media import ATOM, JSON_FEED, Form
from service.api.moments import ledger_of, views_of
from service.named import ids_in, names_at, told

NAMESPACE = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold (XML 1.0, 2.2)."""
NEVER = "1970-01-01T00:00:00Z"
"""`updated` of a feed without entries, which has to have one."""


def written(form: Form, request: Request, lines: Sequence[ChangeView]) -> bytes:
    """Return the lines as a feed of this form."""
    entries = [_entry(request, line) for line in lines]
    return _atom(request, entries) if form is ATOM else _json_feed(request, entries)


def _entry(request: Request, line: ChangeView) -> dict[str, str]:
    ledger = ledger_of(request)
    (recorded,) = ledger.read(line.position - 1, 1)
    with views_of(request).connect() as connection:
        words = told(recorded, names_at(connection, line.position, ids_in(recorded)))
    title = words if len(words) <= 200 else f"{words[:199]}…"
    return {
        "id": uuid5(ledger.id, str(line.position)).urn,
        "title": title,
        "text": f"{words}\n{line.reason}" if line.reason else words,
        "at": line.recorded_at,
        "url": f"{_root(request)}/api/v1/changes?first={line.position}&last={line.position}",
        "name": line.name,
        "position": str(line.position),
    }


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _itself(request: Request, form: Form) -> str:
    """Return the address of the feed, by its suffix; the same feed asked for by Accept has it too."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{_root(request)}/api/v1/changes.{form.suffix}{query}"


def _feed_id(request: Request) -> str:
    asked = "&".join(f"{k}={v}" for k, v in sorted(request.query_params.multi_items()) if k not in ("limit", "cursor"))
    return uuid5(ledger_of(request).id, f"changes?{asked}").urn


def _atom(request: Request, entries: list[dict[str, str]]) -> bytes:
    feed = Element("feed", xmlns=NAMESPACE)
    _text(feed, "id", _feed_id(request))
    _text(feed, "title", "On Record: changes")
    _text(feed, "updated", entries[0]["at"] if entries else NEVER)
    SubElement(feed, "link", rel="self", href=_itself(request, ATOM), type=ATOM.media_type)
    _text(SubElement(feed, "author"), "name", request.app.state.settings.desk)
    for entry in entries:
        node = SubElement(feed, "entry")
        for tag, value in (("id", entry["id"]), ("title", entry["title"]), ("updated", entry["at"])):
            _text(node, tag, value)
        SubElement(node, "link", rel="alternate", href=entry["url"], type="application/json")
        SubElement(node, "category", term=entry["name"])
        _text(node, "content", entry["text"])
    indent(feed)
    written: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = _NO_XML.sub("\ufffd", text)


def _json_feed(request: Request, entries: list[dict[str, str]]) -> bytes:
    items: list[dict[str, Any]] = [
        {
            "id": entry["id"],
            "title": entry["title"],
            "content_text": entry["text"],
            "date_published": entry["at"],
            "url": entry["url"],
            "tags": [entry["name"]],
            "_on_record": {"position": int(entry["position"]), "event": entry["name"]},
        }
        for entry in entries
    ]
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "On Record: changes",
        "home_page_url": f"{_root(request)}/docs",
        "feed_url": _itself(request, JSON_FEED),
        "authors": [{"name": request.app.state.settings.desk}],
    }
    return orjson.dumps({**head, "items": items})
