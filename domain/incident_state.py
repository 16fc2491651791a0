"""What an incident has become: the state that the rules look at, folded from its events.

Law: `evolve` holds no rule and never fails on accepted history. The state is private to the fold, which changes it in
place; nobody else does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeGuard, assert_never
from uuid import UUID

from domain import incident_events as e
from domain import values as v
from domain.content import carry
from domain.events import Event, Recorded

Links = dict[v.Relation, dict[UUID, v.Judgement]]
"""Links of one claim, by relation and by the claim at the other end."""


@dataclass(slots=True)
class Stance:
    """What another source says of a claim."""

    id: UUID
    source: UUID
    kind: v.StanceKind
    chain: frozenset[UUID]


@dataclass(slots=True)
class Claim:
    """A claim, as far as the rules need it.

    `changed` and `change` are the position and name of its last change. `links`: this claim stands in a relation to
    others; `linked`: others stand in one to it.
    """

    id: UUID
    number: int
    content: v.ClaimContent
    made: int
    changed: int
    change: str
    corrected: bool = False
    retracted: v.By | None = None
    assessment: v.Assessment = "unassessed"
    stances: list[Stance] = field(default_factory=list)
    evidence: list[UUID] = field(default_factory=list)
    links: Links = field(default_factory=dict)
    linked: Links = field(default_factory=dict)

    def touch(self, position: int, change: str) -> None:
        """Remember the last change, for citations (rule 8)."""
        self.changed, self.change = position, change

    def held_to(self, relation: v.Relation) -> list[UUID]:
        """Return the claims to which this one is held to stand in the relation."""
        return _held(self.links, relation)

    def held_of(self, relation: v.Relation) -> list[UUID]:
        """Return the claims that are held to stand in the relation to this one."""
        return _held(self.linked, relation)


@dataclass(slots=True)
class Evidence:
    """Evidence, its present hash and findings."""

    id: UUID
    supports: frozenset[UUID]
    against: frozenset[UUID]
    hash: str
    finding: v.Finding | None = None
    withdrawn: bool = False

    @property
    def verified(self) -> bool:
        """Tell whether the newest examination verified it and it still counts."""
        return self.finding == "verified" and not self.withdrawn


@dataclass(slots=True)
class Bulletin:
    """A bulletin, and how often it was corrected."""

    id: UUID
    corrections: int = 0
    withdrawn: bool = False


@dataclass(slots=True)
class Report:
    """A report, as far as the rules need it."""

    id: UUID
    source: UUID
    withdrawn: bool = False


@dataclass(slots=True)
class Incident:
    """One contested happening."""

    id: UUID
    short_id: str
    content: v.IncidentContent
    version: int = 0
    closed: bool = False
    others: set[tuple[UUID, v.IncidentRelation]] = field(default_factory=set)
    figures: dict[UUID, v.FigureContent] = field(default_factory=dict)
    reports: dict[UUID, Report] = field(default_factory=dict)
    claims: dict[UUID, Claim] = field(default_factory=dict)
    evidence: dict[UUID, Evidence] = field(default_factory=dict)
    stances: set[UUID] = field(default_factory=set)
    notes: set[UUID] = field(default_factory=set)
    tasks: dict[UUID, bool] = field(default_factory=dict)
    bulletins: dict[UUID, Bulletin] = field(default_factory=dict)

    def name_of(self, claim: Claim) -> str:
        """Return the claim's name for people: KUR-7F3K12-12."""
        return f"{self.short_id}-{claim.number}"

    def chain_of(self, claim: Claim) -> frozenset[UUID]:
        """Return all through whom a claim came: claimant, relays, and the source of its report."""
        return frozenset((*claim.content.attribution.chain(), self.reports[claim.content.report].source))

    def record_state(self, claim: Claim) -> v.RecordState:
        """Return the record state of a claim: it follows from events and is never typed in."""
        superseded = any(self.claims[newer].retracted is None for newer in claim.held_of("updates"))
        return record_state(claim.retracted, superseded, bool(claim.corrected))


def record_state(retracted: v.By | None, superseded: bool, corrected: bool) -> v.RecordState:
    """Return the state of a claim's record: retracted goes before superseded, and that before corrected."""
    if retracted is not None:
        return "withdrawn_by_source" if retracted == "source" else "retracted_by_desk"
    if superseded:
        return "superseded"
    return "corrected" if corrected else "standing"


def _held(links: Links, relation: v.Relation) -> list[UUID]:
    return [claim for claim, judgement in links.get(relation, {}).items() if judgement == "positive"]


def replay(history: Iterable[Recorded], state: Incident | None = None) -> Incident | None:
    """Fold recorded events into a state, from the beginning or from a given state (which it takes over)."""
    for recorded in history:
        state = evolve(state, recorded)
    return state


def evolve(state: Incident | None, recorded: Recorded) -> Incident:
    """Return the state after the event; the given state is used up."""
    event = recorded.event
    if isinstance(event, e.IncidentOpened):
        content = carry(v.IncidentContent, event)
        return Incident(id=event.incident, short_id=event.short_id, content=content, version=recorded.version)
    assert state is not None, "the first event of an incident opens it"
    assert _of_incident(event), event.NAME
    state.version = recorded.version
    _apply(state, event, recorded.position)
    return state


def _of_incident(event: Event) -> TypeGuard[e.IncidentEvents]:
    return event.AGGREGATE == "incident"


def _apply(state: Incident, event: e.IncidentEvents, position: int) -> None:
    match event:  # what comes most comes first: a class pattern that misses costs as much as one that fits
        case e.ClaimMade() | e.ClaimCorrected() | e.ClaimRetracted() | e.ClaimReinstated():
            _apply_to_claim(state, event, position)
        case e.ReportReceived():
            state.reports[event.report] = Report(id=event.report, source=event.source)
        case e.ClaimsLinked() | e.ClaimsUnlinked():
            _apply_link(state, event, position)
        case e.StanceTaken():
            state.stances.add(event.stance)
            chain = frozenset((event.source, *event.through, state.reports[event.report].source))
            stance = Stance(event.stance, event.source, event.kind, chain)
            state.claims[event.claim].stances.append(stance)
        case e.ClaimAssessed():
            claim = state.claims[event.claim]
            claim.assessment = event.assessment
            claim.touch(position, event.NAME)
        case e.IncidentOpened():
            raise AssertionError("an incident is opened once")
        case e.IncidentDescribed(after=after):
            state.content = after.applied_to(state.content)
        case e.IncidentClosed():
            state.closed = True
        case e.IncidentReopened():
            state.closed = False
        case e.IncidentLinked(other=other, relation=relation):
            state.others.add((other, relation))
        case e.IncidentUnlinked(other=other, relation=relation):
            state.others.discard((other, relation))
        case e.FigureDefined():
            state.figures[event.figure] = carry(v.FigureContent, event)
        case e.FigureDescribed():
            state.figures[event.figure] = event.after
        case e.FigureAdopted():
            pass
        case e.ReportCorrected():
            pass
        case e.ReportWithdrawn():
            state.reports[event.report].withdrawn = True
        case e.EvidenceAttached() | e.EvidenceExamined() | e.EvidenceTransferred() | e.EvidenceWithdrawn():
            _apply_to_evidence(state, event)
        case e.NoteAdded():
            state.notes.add(event.note)
        case e.TaskAssigned():
            state.tasks[event.task] = False
        case e.TaskDone():
            state.tasks[event.task] = True
        case e.BulletinPublished():
            state.bulletins[event.bulletin] = Bulletin(event.bulletin)
        case e.BulletinCorrected():
            state.bulletins[event.bulletin].corrections = event.number
        case e.BulletinWithdrawn():
            state.bulletins[event.bulletin].withdrawn = True
        case _:
            assert_never(event)


def _apply_to_claim(
    state: Incident,
    event: e.ClaimMade | e.ClaimCorrected | e.ClaimRetracted | e.ClaimReinstated,
    position: int,
) -> None:
    match event:
        case e.ClaimMade():
            content = carry(v.ClaimContent, event)
            state.claims[event.claim] = Claim(event.claim, event.number, content, position, position, event.NAME)
            return
        case e.ClaimCorrected(after=after):
            claim = state.claims[event.claim]
            claim.content = after.applied_to(claim.content)
            claim.corrected = True
        case e.ClaimRetracted():
            state.claims[event.claim].retracted = event.by
            _touch_updated(state, event, position)
        case e.ClaimReinstated():
            claim = state.claims[event.claim]
            claim.retracted, claim.corrected = None, False
            _touch_updated(state, event, position)
        case _:
            assert_never(event)
    state.claims[event.claim].touch(position, event.NAME)


def _touch_updated(state: Incident, event: e.ClaimRetracted | e.ClaimReinstated, position: int) -> None:
    """Where a claim falls or stands again, those that it updates stand again or are superseded: they changed too."""
    newer = state.claims[event.claim]
    for older in newer.held_to("updates"):
        state.claims[older].touch(position, f"{event.NAME} of {state.name_of(newer)}")


def _apply_link(state: Incident, event: e.ClaimsLinked | e.ClaimsUnlinked, position: int) -> None:
    claim, other, relation = state.claims[event.claim], state.claims[event.other], event.relation
    held = claim.links.get(relation, {}).get(other.id)
    judgement = event.judgement if isinstance(event, e.ClaimsLinked) else None
    for links, end in ((claim.links, other.id), (other.linked, claim.id)):
        if judgement is not None:
            links.setdefault(relation, {})[end] = judgement
        else:
            links.get(relation, {}).pop(end, None)
    # `unsure` is a suspicion: only a link that is held, or is no longer, changes the older claim.
    if relation == "updates" and (held == "positive") != (judgement == "positive"):
        other.touch(position, event.NAME)


def _apply_to_evidence(
    state: Incident,
    event: e.EvidenceAttached | e.EvidenceExamined | e.EvidenceTransferred | e.EvidenceWithdrawn,
) -> None:
    match event:
        case e.EvidenceAttached():
            supports, against = frozenset(event.supports), frozenset(event.against)
            state.evidence[event.evidence] = Evidence(event.evidence, supports, against, event.hash)
            for claim in supports | against:
                state.claims[claim].evidence.append(event.evidence)
        case e.EvidenceExamined():
            state.evidence[event.evidence].finding = event.finding
        case e.EvidenceTransferred():
            state.evidence[event.evidence].hash = event.hash_after
        case e.EvidenceWithdrawn():
            state.evidence[event.evidence].withdrawn = True
        case _:
            assert_never(event)
