"""What each act does when it is accepted, and each refusal that it can give: the table that test_routes.py walks."""

from dataclasses import dataclass
from typing import Any

from tests.e2e.stage import HASH, OTHER_HASH, SAID, SIX_MILES, TWENTY, Step, act

R = "A reason that is owed"
RETRACT = act("retract_claim", by="desk", code="error", reason=R)
REINSTATE = act("reinstate_claim", basis="The full clip", reason=R)
CLOSE = act("close_incident", disposition="settled", reason=R)
LINK = act("link_claims", other="$other_claim", relation="contradicts")
LINK_INCIDENT = act("link_incident", other="$other_incident", relation="caused_by")
TIE = act("relate_source", other="$agency", relation="relies_on")
FIGURE = act("describe_figure", label="Depth of the advance", unit="km", reason=R)
ADOPT = act("adopt_figure", value={"low": 6, "high": 9, "unit": "mile"}, rests_on=["$claim"], reason=R)
MAKE = act("make_claim", report="$report", wording=SAID)
CORRECT = act("correct_claim", by="source", changes={"kind": "advance"}, reason=R)
STANCE = act("take_stance", source="$agency", kind="confirms", report="$agency_report")
ASSESS = act("assess_claim", assessment="unverified", credibility=3, reason=R)
EVIDENCE = act("attach_evidence", supports=["$claim"], kind="video", hash=HASH)
EXAMINE = act("examine_evidence", finding="verified", method="geolocation", reason=R)
TRANSFER = act(
    "transfer_evidence",
    from_whom="Desk",
    to_whom="Court",
    purpose="Disclosure",
    hash_before=HASH,
    hash_after=HASH,
    reason=R,
)
WITHDRAW_EVIDENCE = act("withdraw_evidence", reason=R)
WITHDRAW_REPORT = act("withdraw_report", kind="deleted", reason=R)
NOTE = act("add_note", on={"kind": "claim", "id": "$claim"}, text="Ask for the original clip")
TASK = act("assign_task", on={"kind": "claim", "id": "$claim"}, to="$account", text="Geolocate")
FINISH = act("finish_task")
PUBLISH = act("publish_bulletin", title="Kursk", text="Six miles, or nine.", cites=[{"claim": "$claim"}])
CORRECT_BULLETIN = act("correct_bulletin", wrong="stopped", right="It was not stopped", cause="$claim", reason=R)
WITHDRAW_BULLETIN = act("withdraw_bulletin", notice="Withdrawn", reason=R)
DESCRIBE_SOURCE = act("describe_source", name="The think tank", kind="monitor", reason=R)
JUDGE = act("judge_source", other="$agency", judgement="same", reason=R)
CLOSE_ACCOUNT = act("close_account", reason=R)
GRANT = act("grant_role", role="reporter")
REVOKE_ROLE = act("revoke_role", role="reporter", reason=R)
ISSUE = act("issue_key", scopes=["reporter"], expires="2999-01-01T00:00:00Z")
REVOKE_KEY = act("revoke_key", reason=R)
SEAL = act("seal_passage", text="Where she lives")
DISCLOSE = act("disclose_subject", reason=R)
ERASE = act("erase_subject", ordered_by="the person concerned", ground="consent_withdrawn", reason=R)


@dataclass(frozen=True)
class Accepted:
    """An act that is accepted after others, and the events that it leads to."""

    step: Step
    events: tuple[str, ...]
    after: tuple[Step, ...] = ()


def _ok(step: Step, event: str, *after: Step) -> Accepted:
    return Accepted(step, (event,), after)


ACCEPTED: tuple[Accepted, ...] = (
    _ok(act("open_incident", title="Kursk incursion", tags=["ground"]), "incident.opened.v1"),
    _ok(act("describe_incident", changes={"tags": ["ground"]}, reason=R), "incident.described.v1"),
    _ok(CLOSE, "incident.closed.v1"),
    _ok(act("reopen_incident", reason=R), "incident.reopened.v1", CLOSE),
    _ok(LINK_INCIDENT, "incident.linked.v1"),
    _ok(
        act("unlink_incident", other="$other_incident", relation="caused_by", reason=R),
        "incident.unlinked.v1",
        LINK_INCIDENT,
    ),
    _ok(act("define_figure", label="Killed", unit="1"), "figure.defined.v1"),
    _ok(FIGURE.saying(label="Depth"), "figure.described.v1"),
    _ok(ADOPT, "figure.adopted.v1"),
    _ok(act("receive_report", source="$source", title="Daily assessment"), "report.received.v1"),
    _ok(act("correct_report", kind="correction", what_changed="Miles to km", reason=R), "report.corrected.v1"),
    _ok(WITHDRAW_REPORT, "report.withdrawn.v1"),
    _ok(MAKE.saying(quantity=SIX_MILES), "claim.made.v1"),
    _ok(CORRECT, "claim.corrected.v1"),
    _ok(RETRACT, "claim.retracted.v1"),
    _ok(REINSTATE, "claim.reinstated.v1", RETRACT),
    _ok(LINK, "claims.linked.v1"),
    _ok(act("unlink_claims", other="$other_claim", relation="contradicts", reason=R), "claims.unlinked.v1", LINK),
    _ok(STANCE, "stance.taken.v1"),
    _ok(ASSESS, "claim.assessed.v1"),
    _ok(EVIDENCE, "evidence.attached.v1"),
    _ok(EXAMINE, "evidence.examined.v1"),
    _ok(TRANSFER, "evidence.transferred.v1"),
    _ok(WITHDRAW_EVIDENCE, "evidence.withdrawn.v1"),
    _ok(NOTE, "note.added.v1"),
    _ok(TASK, "task.assigned.v1"),
    _ok(FINISH, "task.done.v1"),
    _ok(PUBLISH, "bulletin.published.v1"),
    _ok(CORRECT_BULLETIN, "bulletin.corrected.v1"),
    _ok(WITHDRAW_BULLETIN, "bulletin.withdrawn.v1"),
    _ok(act("register_source", name="A think tank", kind="monitor"), "source.registered.v1"),
    _ok(DESCRIBE_SOURCE, "source.described.v1"),
    _ok(act("grade_source", reliability="B", reason=R), "source.graded.v1"),
    _ok(TIE, "source.related.v1"),
    _ok(act("unrelate_source", other="$agency", relation="relies_on", reason=R), "source.unrelated.v1", TIE),
    _ok(JUDGE, "source.judged.v1"),
    _ok(act("open_account", name="reporter-2"), "account.opened.v1"),
    _ok(CLOSE_ACCOUNT, "account.closed.v1"),
    _ok(GRANT, "role.granted.v1"),
    _ok(REVOKE_ROLE, "role.revoked.v1", GRANT),
    _ok(ISSUE, "key.issued.v1"),
    _ok(REVOKE_KEY, "key.revoked.v1"),
    _ok(act("seal_subject", text="Her full name", incident="$incident"), "subject.sealed.v1"),
    _ok(SEAL, "subject.sealed.v1"),
    _ok(DISCLOSE, "subject.disclosed.v1"),
    _ok(ERASE, "subject.erased.v1"),
)


@dataclass(frozen=True)
class Refusal:
    """An act that is refused after others, by the refusal's name."""

    name: str
    step: Step
    after: tuple[Step, ...] = ()


def _no(name: str, step: Step, *after: Step) -> Refusal:
    return Refusal(name, step, after)


def _chain(**attribution: Any) -> dict[str, Any]:
    return {"claimant": "$source", **attribution}


_AS_IT_IS = act("describe_source", name="A think tank", kind="monitor", reason=R)
_TWICE = _chain(through=["$agency", "$source"])
_KILOGRAMS = {**SIX_MILES, "unit": "kg"}
_HALF_A_MAN = {**TWENTY, "best": 20.5}
_NO_BEST = {**SIX_MILES, "bound": "exact"}
_CONFIRM = ASSESS.saying(assessment="confirmed")
_EXAMINE_COUNTER = EXAMINE.on(evidence="$counter_evidence")

REFUSALS: tuple[Refusal, ...] = (
    _no("ChangesNothing", act("describe_incident", changes={"title": "Kursk incursion"}, reason=R)),
    _no("NotClosed", act("reopen_incident", reason=R)),
    _no("LinkToItself", LINK_INCIDENT.saying(other="$incident")),
    _no("UnknownIncident", LINK_INCIDENT.saying(other="$nothing")),
    _no("AlreadyLinked", LINK_INCIDENT, LINK_INCIDENT),
    _no("NotLinked", act("unlink_incident", other="$other_incident", relation="caused_by", reason=R)),
    _no("ChangesNothing", FIGURE),
    _no("WrongDimension", FIGURE.saying(unit="kg")),
    _no("WrongDimension", ADOPT.saying(value={"best": 6, "unit": "kg"})),
    _no("NotACount", ADOPT.saying(value={"best": 20.5, "unit": "1"}).on(figure="$count")),
    _no("UnknownClaim", ADOPT.saying(rests_on=["$nothing"])),
    _no("UnknownClaim", ADOPT.saying(left_out=[{"claim": "$nothing", "why": "earlier"}])),
    _no("ClaimIsRetracted", ADOPT, RETRACT),
    _no("RestsOnWhatIsLeftOut", ADOPT.saying(left_out=[{"claim": "$claim", "why": "earlier"}])),
    _no("UnknownSource", act("receive_report", source="$nothing", title="Daily assessment")),
    _no("AlreadyWithdrawn", WITHDRAW_REPORT, WITHDRAW_REPORT),
    _no("UnknownReport", MAKE.saying(report="$nothing")),
    _no("UnknownSource", MAKE.saying(attribution={"claimant": "$nothing"})),
    _no("ChainRepeats", MAKE.saying(attribution=_TWICE)),
    _no("UnknownFigure", MAKE.saying(quantity={**SIX_MILES, "figure": "$nothing"})),
    _no("WrongDimension", MAKE.saying(quantity=_KILOGRAMS)),
    _no("NotACount", MAKE.saying(quantity=_HALF_A_MAN)),
    _no("BoundDisagrees", MAKE.saying(quantity=_NO_BEST)),
    _no("CodeMissing", CORRECT.saying(by="desk")),
    _no("ChangesNothing", CORRECT.saying(changes={"kind": "other"})),
    _no("ClaimIsRetracted", CORRECT, RETRACT),
    _no("UnknownReport", CORRECT.saying(changes={"report": "$nothing"})),
    _no("UnknownSource", CORRECT.saying(changes={"attribution": {"claimant": "$nothing"}})),
    _no("ChainRepeats", CORRECT.saying(changes={"attribution": _TWICE})),
    _no("UnknownFigure", CORRECT.saying(changes={"quantity": {**SIX_MILES, "figure": "$nothing"}})),
    _no("WrongDimension", CORRECT.saying(changes={"quantity": _KILOGRAMS})),
    _no("NotACount", CORRECT.saying(changes={"quantity": _HALF_A_MAN})),
    _no("BoundDisagrees", CORRECT.saying(changes={"quantity": _NO_BEST})),
    _no("CodeMissing", RETRACT.saying(code=None)),
    _no("AlreadyRetracted", RETRACT, RETRACT),
    _no("NotRetracted", REINSTATE),
    _no("UnknownClaim", LINK.saying(other="$nothing")),
    _no("LinkToItself", LINK.saying(other="$claim")),
    _no("AlreadyLinked", LINK, LINK),
    _no("LinksDisagree", LINK.saying(relation="same"), LINK.saying(relation="different")),
    _no("OnlySuspects", LINK.by("machine")),
    _no("UnknownClaim", act("unlink_claims", other="$nothing", relation="contradicts", reason=R)),
    _no("NotLinked", act("unlink_claims", other="$other_claim", relation="contradicts", reason=R)),
    _no("ClaimIsRetracted", STANCE, RETRACT),
    _no("UnknownReport", STANCE.saying(report="$nothing")),
    _no("UnknownSource", STANCE.saying(source="$nothing")),
    _no("UnknownSource", STANCE.saying(through=["$nothing"])),
    _no("ChainRepeats", STANCE.saying(through=["$agency"])),
    _no("OwnClaim", STANCE.saying(source="$source")),
    _no("UnknownFigure", STANCE.saying(quantity={**SIX_MILES, "figure": "$nothing"})),
    _no("WrongDimension", STANCE.saying(quantity=_KILOGRAMS)),
    _no("NotACount", STANCE.saying(quantity=_HALF_A_MAN)),
    _no("BoundDisagrees", STANCE.saying(quantity=_NO_BEST)),
    _no("AlreadyExists", STANCE.saying(stance="$stance")),
    _no("ClaimIsRetracted", ASSESS, RETRACT),
    _no("UnknownEvidence", ASSESS.saying(evidence=["$nothing"])),
    _no("UnknownEvidence", ASSESS.saying(answers=["$nothing"])),
    _no("UnknownStance", ASSESS.saying(stances=["$nothing"])),
    _no("TooFewIndependentSources", ASSESS.saying(assessment="likely")),
    _no("NotIndependentlyConfirmed", _CONFIRM),
    _no("EvidenceUnanswered", _CONFIRM, EXAMINE, _EXAMINE_COUNTER),
    _no("NothingToOverride", ASSESS.saying(override=True)),
    _no("MayNotOverride", _CONFIRM.saying(override=True).by("verifier")),
    _no("UnknownClaim", EVIDENCE.saying(supports=["$nothing"])),
    _no("UnknownClaim", EVIDENCE.saying(against=["$nothing"])),
    _no("ForAndAgainst", EVIDENCE.saying(against=["$claim"])),
    _no("AlreadyWithdrawn", EXAMINE, WITHDRAW_EVIDENCE),
    _no("AlreadyWithdrawn", TRANSFER, WITHDRAW_EVIDENCE),
    _no("AlreadyWithdrawn", WITHDRAW_EVIDENCE, WITHDRAW_EVIDENCE),
    _no("CustodyBroken", TRANSFER.saying(hash_before=OTHER_HASH)),
    *(
        _no(f"Unknown{kind.title()}", step.saying(on={"kind": kind, "id": "$nothing"}))
        for step in (NOTE, TASK)
        for kind in ("incident", "report", "claim", "figure", "evidence", "bulletin")
    ),
    _no("UnknownAccount", TASK.saying(to="$nothing")),
    _no("UnknownAccount", TASK, CLOSE_ACCOUNT),
    _no("AlreadyDone", FINISH, FINISH),
    _no("UnknownClaim", PUBLISH.saying(cites=[{"claim": "$nothing"}])),
    _no("ClaimIsRetracted", PUBLISH, RETRACT),
    _no("CitedTooEarly", PUBLISH.saying(cites=[{"claim": "$claim", "position": 1}])),
    _no("CitedTooEarly", PUBLISH.saying(cites=[{"claim": "$claim", "position": 2**53}])),
    _no("CitedClaimChanged", PUBLISH.saying(cites=[{"claim": "$claim", "position": "@claim"}]), CORRECT),
    _no("UnknownClaim", CORRECT_BULLETIN.saying(cause="$nothing")),
    _no("AlreadyWithdrawn", CORRECT_BULLETIN, WITHDRAW_BULLETIN),
    _no("NotCalledCorrection", CORRECT_BULLETIN.saying(label="Update")),
    _no("AlreadyWithdrawn", WITHDRAW_BULLETIN, WITHDRAW_BULLETIN),
    _no("ChangesNothing", _AS_IT_IS),
    _no("UnknownSource", TIE.saying(other="$nothing")),
    _no("LinkToItself", TIE.saying(other="$source")),
    _no("AlreadyLinked", TIE, TIE),
    _no("NotLinked", act("unrelate_source", other="$agency", relation="relies_on", reason=R)),
    _no("UnknownSource", JUDGE.saying(other="$nothing")),
    _no("LinkToItself", JUDGE.saying(other="$source")),
    _no("ChangesNothing", JUDGE, JUDGE),
    _no("AccountClosed", CLOSE_ACCOUNT, CLOSE_ACCOUNT),
    _no("AccountClosed", GRANT, CLOSE_ACCOUNT),
    _no("AccountClosed", ISSUE, CLOSE_ACCOUNT),
    _no("UnknownIncident", GRANT.saying(incident="$nothing")),
    _no("AlreadyGranted", GRANT, GRANT),
    _no("NotGranted", REVOKE_ROLE),
    _no("ExpiryPassed", ISSUE.saying(expires="2001-01-01T00:00:00Z")),
    _no("UnknownKey", REVOKE_KEY.on(key="zzzzzzzzzzzz")),
    _no("AlreadyWithdrawn", REVOKE_KEY, REVOKE_KEY),
    _no("UnknownIncident", act("seal_subject", text="Her full name", incident="$nothing")),
    _no("UnknownPassage", DISCLOSE.saying(passages=[2])),
    _no("UnknownPassage", NOTE.saying(text="⟦S-00000000-1⟧ is to be called")),
    _no("SubjectErased", SEAL, ERASE),
    _no("SubjectErased", DISCLOSE, ERASE),
    _no("SubjectErased", ERASE, ERASE),
)
"""What is refused for reasons of its own; test_routes.py adds what holds for every act of a kind."""
