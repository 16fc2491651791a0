"""Events in words: one line each, for the command line and the pages."""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

import orjson

from domain import account_events as a
from domain import incident_events as i
from domain import source_events as s
from domain import subject_events as p
from domain.events import Event

NOBODY: Mapping[str, str] = {}


def in_words(event: Event, names: Mapping[str, str] = NOBODY) -> str:
    """Return what happened, in one line; `names` says what the ids in it are called."""
    if isinstance(event, i.IncidentEvents):
        return _incident(event, names)
    if isinstance(event, s.SourceEvents):
        return _source(event)
    if isinstance(event, p.SubjectEvents):
        return _subject(event)
    return _account(event)


def _incident(event: i.IncidentEvents, names: Mapping[str, str]) -> str:
    match event:
        case i.IncidentOpened():
            return f"incident opened: {event.title}"
        case i.IncidentDescribed():
            return f"incident described anew: {', '.join(event.after.fields)}"
        case i.IncidentClosed():
            return f"incident closed: {event.disposition}"
        case i.IncidentReopened():
            return "incident opened again"
        case i.IncidentLinked() | i.IncidentUnlinked():
            return f"incident {_linked(event)}: {event.relation} {event.other}"
        case i.FigureDefined():
            return f"figure defined: {event.label}{_in(event.unit)}"
        case i.FigureDescribed():
            return f"figure described anew: {event.after.label}"
        case i.FigureAdopted():
            value = event.value
            return f"figure adopted: {spread(value.low, value.best, value.high)}{_in(value.unit)}"
        case i.ReportReceived():
            return f"report received: {event.title}"
        case i.ReportCorrected() | i.ReportWithdrawn():
            return f"report changed by its publisher: {event.kind}"
        case i.ClaimMade() | i.ClaimCorrected() | i.ClaimRetracted() | i.ClaimReinstated() | i.ClaimAssessed():
            return _claim(event)
        case i.ClaimsLinked() | i.ClaimsUnlinked():
            ends = [names.get(str(end), str(end)) for end in (event.claim, event.other)]
            return f"claims {_linked(event)}: {ends[0]} {event.relation.replace('_', ' ')} {ends[1]}"
        case i.StanceTaken():
            said = f": “{event.wording.text}”" if event.wording else ""
            return f"{names.get(str(event.source), 'another source')} {event.kind.replace('_', ' ')}{said}"
        case i.EvidenceAttached():
            return f"evidence attached: {event.kind} {event.hash}"
        case i.EvidenceExamined():
            return f"evidence examined by {event.method}: {event.finding}"
        case i.EvidenceTransferred():
            return f"evidence passed from {event.from_whom} to {event.to_whom}"
        case i.EvidenceWithdrawn():
            return "evidence withdrawn"
        case i.NoteAdded():
            return f"note: {event.text}"
        case i.TaskAssigned():
            return f"task given: {event.text}"
        case i.TaskDone():
            return "task done"
        case i.BulletinPublished():
            return f"bulletin published: {event.title} (cites {len(event.cites)} claims)"
        case i.BulletinCorrected():
            return f"bulletin corrected, {event.label} {event.number}: {event.right}"
        case i.BulletinWithdrawn():
            return "bulletin withdrawn"
        case _:
            assert_never(event)


def _claim(
    event: i.ClaimMade | i.ClaimCorrected | i.ClaimRetracted | i.ClaimReinstated | i.ClaimAssessed,
) -> str:
    match event:
        case i.ClaimMade():
            return f"claim {event.number}: “{event.wording.text}”"
        case i.ClaimCorrected():
            return f"claim corrected by the {event.by}: {', '.join(_corrected(event))}"
        case i.ClaimRetracted():
            return "claim withdrawn by its source" if event.by == "source" else f"claim retracted: {event.code}"
        case i.ClaimReinstated():
            return f"claim stands again: {event.basis}"
        case i.ClaimAssessed():
            overridden = f" (over {event.override})" if event.override else ""
            return f"claim assessed: {event.previous} -> {event.assessment}{overridden}"
        case _:
            assert_never(event)


def _corrected(event: i.ClaimCorrected) -> Iterator[str]:
    """Yield the fields that were corrected, and of the words what else became of them."""
    yield from event.after.fields
    before, after = event.before.wording, event.after.wording
    if before is not None and after is not None:
        if before.language != after.language:
            yield f"language {before.language} -> {after.language}"
        if before.translations and not after.translations:
            yield "translations left out"


def _linked(event: i.IncidentLinked | i.IncidentUnlinked | i.ClaimsLinked | i.ClaimsUnlinked) -> str:
    return "linked" if isinstance(event, i.IncidentLinked | i.ClaimsLinked) else "unlinked"


def _source(event: s.SourceEvents) -> str:
    match event:
        case s.SourceRegistered():
            return f"source registered: {event.name} ({event.kind})"
        case s.SourceDescribed():
            return f"source described anew: {event.after.name}"
        case s.SourceGraded():
            return f"source graded: {event.previous or 'not graded'} -> {event.reliability}"
        case s.SourceRelated():
            return f"source tied: {event.relation} {event.other}"
        case s.SourceUnrelated():
            return f"source untied: {event.relation} {event.other}"
        case s.SourceJudged():
            return f"source judged {event.judgement}: {event.other}"
        case _:
            assert_never(event)


def _subject(event: p.SubjectEvents) -> str:
    match event:
        case p.SubjectSealed():
            return f"passage sealed: {event.seal}"
        case p.SubjectDisclosed():
            return f"passages disclosed: {', '.join(map(str, event.passages))}"
        case p.SubjectErased():
            return f"person erased, by order of {event.ordered_by}: {state(event.ground)}"
        case _:
            assert_never(event)


def _account(event: a.AccountEvents) -> str:
    match event:
        case a.AccountOpened():
            return f"account opened: {event.name} ({event.kind})"
        case a.AccountClosed():
            return "account closed"
        case a.RoleGranted():
            return f"role granted: {event.role}"
        case a.RoleRevoked():
            return f"role revoked: {event.role}"
        case a.KeyIssued():
            return f"key issued: {event.key}"
        case a.KeyRevoked():
            return f"key revoked: {event.key}"
        case _:
            assert_never(event)


def _in(unit: str) -> str:
    """Return a unit behind its number or name; a mere count has none."""
    return "" if unit == "1" else f" {unit}"


def spread(low: float | None, best: float | None, high: float | None) -> str:
    """Return a spread as people write it: 12-35, about its best where one is given."""
    ends = [f"{end:g}" for end in dict.fromkeys((low, high)) if end is not None]
    if best is None or ends == [f"{best:g}"]:
        return "-".join(ends)
    return f"{'-'.join(ends)} (best {best:g})" if ends else f"{best:g}"


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
