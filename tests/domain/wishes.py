"""Any well-formed command: made from the command classes themselves, with ids, hashes and words of small stocks."""

import types
import typing
from datetime import datetime, timedelta
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from domain.account_commands import AccountCommands
from domain.commands import Command
from domain.incident_commands import IncidentCommands
from domain.source_commands import SourceCommands
from domain.subject_commands import SubjectCommands
from tests.spec import START, uid

INCIDENTS, SOURCES, ACCOUNTS = (uid(1), uid(2)), tuple(uid(11 + n) for n in range(3)), (uid(900), uid(901))
SUBJECTS = (uid(950), uid(951))
STOCKS: dict[str, tuple[UUID, ...]] = {
    "incident": INCIDENTS,
    "source": SOURCES,
    "claimant": SOURCES,
    "through": SOURCES,
    "account": ACCOUNTS,
    "to": ACCOUNTS,
    "subject": SUBJECTS,
    "report": (uid(21), uid(22), uid(23)),
    "figure": (uid(41), uid(42)),
    "evidence": (uid(51), uid(52)),
    "answers": (uid(51), uid(52)),
    "stance": (uid(61), uid(62), uid(63)),
    "stances": (uid(61), uid(62), uid(63)),
    "note": (uid(71), uid(72)),
    "task": (uid(81), uid(82)),
    "bulletin": (uid(91), uid(92)),
    "id": (uid(1), uid(21), uid(31), uid(41), uid(51), uid(91)),
}
CLAIMS = (uid(31), uid(32), uid(33))
WORDS = ("six miles", "стрільба", "Correction")
HASHES = ("sha256:" + "ab" * 32, "sha256:" + "cd" * 32)
TEXTS: dict[str, tuple[str, ...]] = {
    "hash": HASHES,
    "hash_before": HASHES,
    "hash_after": HASHES,
    "url": ("https://example.org/a",),
    "language": ("en", "uk"),
    "languages": ("en", "uk"),
    "country": ("UA",),
    "media_type": ("video/mp4",),
    "zone": ("Europe/Kyiv", "+03:00"),
    "edtf": ("2024-08-06~", "2024-08/.."),
    "unit": ("1", "1", "km", "mile"),
    "sealed": ("c2VhbGVk",),
    "key": ("abcdefghijkl", "bbbbbbbbbbbb"),
    "reason": ("because", "because", "because", "because", "because", "because", ""),
}
NUMBERS: dict[str, st.SearchStrategy[float]] = {
    "position": st.integers(1, 60),
    "credibility": st.integers(1, 6),
    "radius_m": st.integers(1, 5_000),
    "size": st.integers(0, 9),
    "passages": st.integers(1, 4),
}
SELDOM = ("incident.open", "incident.close", "source.register", "account.open", "account.close", "subject.erase")


def incident_wishes() -> st.SearchStrategy[IncidentCommands]:
    """Return commands to an incident."""
    return _often(get_args(IncidentCommands)).flatmap(wish)


def source_wishes() -> st.SearchStrategy[SourceCommands]:
    """Return commands to a source."""
    return _often(get_args(SourceCommands)).flatmap(wish)


def account_wishes() -> st.SearchStrategy[AccountCommands]:
    """Return commands to an account."""
    return _often(get_args(AccountCommands)).flatmap(wish)


def subject_wishes() -> st.SearchStrategy[SubjectCommands]:
    """Return commands about a person of whom passages are sealed."""
    return _often(get_args(SubjectCommands)).flatmap(wish)


def _often(kinds: tuple[type[Command], ...]) -> st.SearchStrategy[type[Command]]:
    """Return kinds of commands; those that begin or end an aggregate come seldom."""
    usual = [kind for kind in kinds if kind.NAME not in SELDOM]
    return st.sampled_from([*usual, *usual, *kinds])


def wish(kind: type[Command]) -> st.SearchStrategy[Any]:
    """Return well-formed commands of a kind, to the first aggregate of its stock."""
    return _fields(kind, kind).map(lambda fields: _formed(kind, fields)).filter(lambda command: command is not None)


def _formed(kind: type[Command], fields: dict[str, Any]) -> Command | None:
    first = STOCKS[kind.AGGREGATE][0]
    to = {} if kind.NAME == "stance.take" else {kind.AGGREGATE: first}
    try:
        return kind.model_validate({"incident": first, **fields, **to} if kind.AGGREGATE == "incident" else fields | to)
    except ValidationError:
        return None


def _fields(model: type[BaseModel], command: type[Command]) -> st.SearchStrategy[dict[str, Any]]:
    needed = {name: field.annotation for name, field in model.model_fields.items() if field.is_required()}
    left = {name: field.annotation for name, field in model.model_fields.items() if not field.is_required()}
    left.pop("fields", None)  # a change names what it changes
    return st.fixed_dictionaries(
        {name: _any(annotation, name, command) for name, annotation in needed.items()}
        | {name: _any(annotation, name, command) for name, annotation in left.items() if name == "reason"},
        optional={name: _any(annotation, name, command) for name, annotation in left.items() if name != "reason"},
    )


def _any(annotation: Any, name: str, command: type[Command]) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return _any(inner[0], name, command)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(_any(one, name, command) for one in inner))
    if name == "point":
        return st.just((35.27, 51.19))
    if origin is tuple:
        return st.lists(_any(inner[0], name, command), max_size=2, unique=get_origin(inner[0]) is not None)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _fields(annotation, command)
    return _plain(annotation, name, command)


def _plain(annotation: Any, name: str, command: type[Command]) -> st.SearchStrategy[Any]:
    if annotation is UUID:
        return st.sampled_from(_stock(name, command))
    if annotation is str:
        return st.sampled_from(TEXTS.get(name, WORDS))
    if annotation is datetime:
        return st.sampled_from([START, START + timedelta(days=2)])
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float):
        return NUMBERS.get(name, st.integers(-1, 200))
    if annotation is type(None):
        return st.none()
    raise AssertionError(f"no stock for {name}: {annotation}")


def _stock(name: str, command: type[Command]) -> tuple[UUID, ...]:
    if name == "other":
        return {"incident": INCIDENTS, "source": SOURCES}[command.AGGREGATE] if "claims" not in command.NAME else CLAIMS
    return STOCKS.get(name, CLAIMS)
