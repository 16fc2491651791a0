"""What the stories of the rules begin with, and the commands that they turn on."""

from uuid import UUID

from domain import incident_commands as c
from domain import incident_events as e
from domain import source_events as se
from domain import values as v
from domain.events import Event
from tests import examples as x
from tests.spec import Story

OPENED, FIGURE, REPORT = x.EXAMPLES[0], x.EXAMPLES[6], x.EXAMPLES[9]
TEXT = v.Wording(text="They advanced", language="en")


def source(id_: UUID, name: str = "A source") -> tuple[UUID, Event]:
    return id_, se.SourceRegistered(source=id_, name=name, kind="outlet")


SOURCES = tuple(source(id_) for id_ in (x.SOURCE, x.AGENCY, x.BLOGGER, x.GENERAL))


def report(id_: UUID, of: UUID) -> e.ReportReceived:
    return e.ReportReceived(report=id_, source=of, title="A report")


def claim(id_: UUID = x.CLAIM, number: int = 1, by: UUID | None = x.SOURCE, of: UUID = x.REPORT) -> e.ClaimMade:
    attribution = v.Attribution(claimant=by)
    return e.ClaimMade(claim=id_, number=number, report=of, wording=TEXT, attribution=attribution)


def retracted(id_: UUID = x.CLAIM) -> e.ClaimRetracted:
    return e.ClaimRetracted(claim=id_, by="desk", code="error")


FOR = e.EvidenceAttached(evidence=x.EVIDENCE, supports=(x.CLAIM,), kind="video", hash=x.HASH)
AGAINST = e.EvidenceAttached(evidence=x.EVIDENCE, against=(x.CLAIM,), kind="video", hash=x.HASH)
VERIFIED = e.EvidenceExamined(evidence=x.EVIDENCE, finding="verified", method="geolocation")
WITHDRAWN = e.EvidenceWithdrawn(evidence=x.EVIDENCE)


def linked(
    relation: v.Relation, judgement: v.Judgement = "positive", ends: tuple[UUID, UUID] = (x.OTHER_CLAIM, x.CLAIM)
) -> e.ClaimsLinked:
    return e.ClaimsLinked(claim=ends[0], other=ends[1], relation=relation, judgement=judgement)


def incident(
    *events: Event, ties: tuple[tuple[UUID, Event], ...] = (), may_override: bool = False, actor: UUID | None = None
) -> Story:
    """Return the story of an incident with a figure and a report; `ties` are events of sources and accounts."""
    return Story((OPENED, FIGURE, REPORT, *events), x.INCIDENT, SOURCES + ties, may_override, actor)


def make(**fields: object) -> c.MakeClaim:
    return c.MakeClaim.model_validate({"incident": x.INCIDENT, "report": x.REPORT, "wording": TEXT, **fields})


def assess(assessment: str, reason: str = "checked", **fields: object) -> c.AssessClaim:
    given = {"incident": x.INCIDENT, "claim": x.CLAIM, "assessment": assessment, "reason": reason, **fields}
    return c.AssessClaim.model_validate(given)


def stance(by: UUID, kind: str = "confirms", report_: UUID = x.REPORT, through: tuple[UUID, ...] = ()) -> c.TakeStance:
    given = {"incident": x.INCIDENT, "claim": x.CLAIM, "source": by, "kind": kind, "report": report_}
    return c.TakeStance.model_validate({**given, "through": through})


def taken(by: UUID, of: UUID, *, independent: bool, id_: UUID = x.STANCE, kind: v.StanceKind = "confirms") -> Event:
    return e.StanceTaken(stance=id_, claim=x.CLAIM, source=by, kind=kind, report=of, independent=independent)
