"""Random histories: what a desk may do in any order, as the log then holds it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from domain import incident, incident_state, source_events
from domain import incident_commands as c
from domain import values as v
from domain.events import Actor, Event, Recorded
from domain.given import Given
from domain.incident_state import Incident
from domain.refusals import Refused
from domain.source_state import Source
from domain.source_state import evolve as evolve_source
from domain.ties import Ties
from tests.spec import START, counter, uid

INCIDENT = uid(1)
SOURCES = (uid(11), uid(12), uid(13))
REPORTS = (uid(21), uid(22), uid(23))
FIGURES = (uid(41), uid(42))
CLAIMS = tuple(uid(100 + n) for n in range(5))
EVIDENCE = (uid(51), uid(52))
BULLETINS = (uid(91), uid(92))
HASH = "sha256:" + "ab" * 32

pick_claim = st.sampled_from(CLAIMS)
pick_source = st.sampled_from(SOURCES)
pick_report = st.sampled_from(REPORTS)
words = st.sampled_from(["six miles", "nine miles", "стрільба", "stopped"])
BASE: dict[str, Any] = {"incident": INCIDENT, "reason": "because"}


def quantities() -> st.SearchStrategy[v.Quantity | None]:
    """Return quantities of the figures, or none."""
    exact = st.builds(
        lambda figure, best: v.Quantity(figure=figure, best=best, unit="1", bound="exact", wording=str(best)),
        st.sampled_from(FIGURES),
        st.integers(0, 9),
    )
    return st.none() | exact


def commands() -> st.SearchStrategy[c.IncidentCommands]:
    """Return commands that a desk may give, well-formed, not always allowed."""
    wording = st.builds(lambda text: v.Wording(text=text, language="en"), words)
    attribution = st.builds(lambda one: v.Attribution(claimant=one), st.none() | pick_source)
    changes = st.one_of(
        st.builds(lambda one: v.ClaimChanges(wording=one), wording),
        st.builds(lambda one: v.ClaimChanges(attribution=one), attribution),
        st.builds(lambda one: v.ClaimChanges(fields=("quantity",), quantity=one), quantities()),
    )
    make = st.builds(
        lambda claim, report, text, who, quantity: c.MakeClaim(
            **BASE, claim=claim, report=report, wording=text, attribution=who, quantity=quantity
        ),
        pick_claim,
        pick_report,
        wording,
        attribution,
        quantities(),
    )
    return st.one_of(
        make,
        make,
        st.builds(lambda one, new: c.CorrectClaim(**BASE, claim=one, by="source", changes=new), pick_claim, changes),
        st.builds(lambda one: c.RetractClaim(**BASE, claim=one, by="desk", code="error"), pick_claim),
        st.builds(lambda one: c.RetractClaim(**BASE, claim=one, by="source"), pick_claim),
        st.builds(lambda one: c.ReinstateClaim(**BASE, claim=one, basis="new"), pick_claim),
        st.builds(
            lambda one, other, how, sure: c.LinkClaims(**BASE, claim=one, other=other, relation=how, judgement=sure),
            pick_claim,
            pick_claim,
            st.sampled_from(["updates", "updates", "contradicts", "supports"]),
            st.sampled_from(["positive", "unsure"]),
        ),
        st.builds(
            lambda one, other: c.UnlinkClaims(**BASE, claim=one, other=other, relation="updates"),
            pick_claim,
            pick_claim,
        ),
        st.builds(
            lambda one, by, report, kind, value: c.TakeStance(
                **BASE, claim=one, source=by, report=report, kind=kind, quantity=value
            ),
            pick_claim,
            pick_source,
            pick_report,
            st.sampled_from(["confirms", "denies", "concedes", "repeats"]),
            quantities(),
        ),
        st.builds(
            lambda one, what: c.AssessClaim(**BASE, claim=one, assessment=what),
            pick_claim,
            st.sampled_from(["unverified", "contested", "likely", "confirmed", "false"]),
        ),
        st.builds(
            lambda one, on: c.AttachEvidence(**BASE, evidence=one, supports=(on,), kind="photo", hash=HASH),
            st.sampled_from(EVIDENCE),
            pick_claim,
        ),
        st.builds(
            lambda one, found: c.ExamineEvidence(**BASE, evidence=one, finding=found, method="metadata"),
            st.sampled_from(EVIDENCE),
            st.sampled_from(["verified", "rejected"]),
        ),
        st.builds(
            lambda one, on: c.PublishBulletin(
                **BASE, bulletin=one, title="T", text="t", cites=tuple(v.Cite(claim=claim) for claim in on)
            ),
            st.sampled_from(BULLETINS),
            st.lists(pick_claim, max_size=2, unique=True),
        ),
        st.builds(
            lambda one, cause: c.CorrectBulletin(**BASE, bulletin=one, wrong="not so", right="so", cause=cause),
            st.sampled_from(BULLETINS),
            pick_claim,
        ),
    )


def opening() -> list[c.IncidentCommands]:
    """Return what every history begins with."""
    begin: list[c.IncidentCommands] = [c.OpenIncident(incident=INCIDENT, title="Kursk incursion")]
    begin += [c.DefineFigure(incident=INCIDENT, figure=one, label="Killed", unit="1") for one in FIGURES]
    begin += [
        c.ReceiveReport(incident=INCIDENT, report=one, source=of, title="A report")
        for one, of in zip(REPORTS, SOURCES, strict=True)
    ]
    return begin


def recorded_from(asked: Sequence[c.IncidentCommands]) -> list[Recorded]:
    """Return the log that these commands lead to; what is refused leaves nothing."""
    history: list[Recorded] = []
    sources: dict[UUID, Source] = {}
    for one in SOURCES:
        event = source_events.SourceRegistered(source=one, name="A source", kind="outlet")
        history.append(_envelope(event, one, 1, len(history) + 1))
        sources[one] = evolve_source(None, history[-1])
    state: Incident | None = None
    for command in [*opening(), *asked]:
        given = Given(START, len(history), counter(9_000 + len(history)), sources, {}, set(), Ties())
        try:
            events = incident.decide(state, command, given)
        except Refused:
            continue
        for event_ in events:
            version = state.version + 1 if state else 1
            history.append(_envelope(event_, INCIDENT, version, len(history) + 1))
            state = incident_state.evolve(state, history[-1])
    return history


def _envelope(event: Event, aggregate: UUID, version: int, position: int) -> Recorded:
    at = START + timedelta(minutes=position)
    return Recorded(aggregate, version, position, at, Actor(account=uid(900)), "because", None, None, event)


def histories() -> st.SearchStrategy[list[Recorded]]:
    """Return logs of up to forty commands on one incident."""
    return st.lists(commands(), max_size=40).map(recorded_from)
