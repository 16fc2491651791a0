"""One canonical event of each kind: the golden bytes are made of these."""

from datetime import UTC, datetime

from domain import account_events as a
from domain import incident_events as i
from domain import source_events as s
from domain import subject_events as p
from domain import values as v
from domain.events import Event
from tests.spec import uid

INCIDENT, OTHER_INCIDENT, SOURCE, AGENCY, BLOGGER, GENERAL = (uid(n) for n in (1, 2, 11, 12, 13, 14))
REPORT, CLAIM, OTHER_CLAIM, FIGURE, EVIDENCE, STANCE = (uid(n) for n in (21, 31, 32, 41, 51, 61))
NOTE, TASK, BULLETIN, ACCOUNT, SUBJECT = (uid(n) for n in (71, 81, 91, 900, 950))
HASH, OTHER_HASH = "sha256:" + "27a5" * 16, "sha256:" + "0b1c" * 16
WHEN = datetime(2024, 8, 8, 7, 0, tzinfo=UTC)
PLACE = v.Place(name="Kursk region", country="RU", point=(35.27, 51.19), radius_m=40_000, wording="Kursk")
SINCE = v.Occurred(edtf="2024-08-06/..", wording="since 6 August")
SIX_MILES = v.Quantity(figure=FIGURE, high=6, unit="mile", bound="up_to", wording="as far as six miles")
TEN_KM = v.Quantity(figure=FIGURE, high=10, unit="km", bound="up_to", wording="up to 10 kilometres")
WORDING = v.Wording(text="Сили просунулися на шість миль", language="uk")
DEPTH = v.FigureContent(label="Depth of the advance", unit="km", counting_rule="From the border")

EXAMPLES: tuple[Event, ...] = (
    i.IncidentOpened(
        incident=INCIDENT, short_id="KUR-000001", title="Kursk incursion", place=PLACE, occurred=SINCE, tags=("ground",)
    ),
    i.IncidentDescribed(before=v.IncidentChanges(title="Kursk incursion"), after=v.IncidentChanges(title="Kursk")),
    i.IncidentClosed(disposition="settled"),
    i.IncidentReopened(),
    i.IncidentLinked(other=OTHER_INCIDENT, relation="caused_by"),
    i.IncidentUnlinked(other=OTHER_INCIDENT, relation="caused_by"),
    i.FigureDefined(figure=FIGURE, label="Depth of the advance", unit="km", counting_rule="From the border"),
    i.FigureDescribed(figure=FIGURE, before=DEPTH, after=DEPTH.model_copy(update={"label": "Depth"})),
    i.FigureAdopted(
        figure=FIGURE,
        value=v.Estimate(low=12, high=35, unit="km"),
        rests_on=(CLAIM,),
        left_out=(v.LeftOut(claim=OTHER_CLAIM, why="earlier"),),
        method="lowest and highest",
    ),
    i.ReportReceived(report=REPORT, source=SOURCE, title="Daily assessment", published=WHEN, language="en"),
    i.ReportCorrected(report=REPORT, kind="correction", hash=HASH, what_changed="Miles became kilometres"),
    i.ReportWithdrawn(report=REPORT, kind="deleted"),
    i.ClaimMade(
        claim=CLAIM,
        number=1,
        report=REPORT,
        wording=WORDING,
        kind="advance",
        attribution=v.Attribution(claimant=SOURCE, through=(AGENCY,), verb="said", verb_group="neutral"),
        occurred=SINCE,
        place=PLACE,
        quantity=SIX_MILES,
        parties=("Ukraine", "Russia"),
        reference="c-depth",
    ),
    i.ClaimCorrected(
        claim=CLAIM,
        by="source",
        before=v.ClaimChanges(quantity=SIX_MILES),
        after=v.ClaimChanges(quantity=TEN_KM),
    ),
    i.ClaimRetracted(claim=CLAIM, by="desk", code="error", notice="Taken back"),
    i.ClaimReinstated(claim=CLAIM, basis="The full clip was found"),
    i.ClaimsLinked(claim=CLAIM, other=OTHER_CLAIM, relation="contradicts", judgement="positive"),
    i.ClaimsUnlinked(claim=CLAIM, other=OTHER_CLAIM, relation="contradicts"),
    i.StanceTaken(
        stance=STANCE, claim=CLAIM, source=GENERAL, kind="denies", wording=WORDING, report=REPORT, independent=False
    ),
    i.ClaimAssessed(claim=CLAIM, assessment="unverified", credibility=3, previous="unassessed", independent_origins=1),
    i.EvidenceAttached(evidence=EVIDENCE, supports=(CLAIM,), kind="video", hash=HASH, media_type="video/mp4"),
    i.EvidenceExamined(evidence=EVIDENCE, finding="inconclusive", method="geolocation", rating=("undetermined",)),
    i.EvidenceTransferred(
        evidence=EVIDENCE, from_whom="Desk", to_whom="Court", purpose="Disclosure", hash_before=HASH, hash_after=HASH
    ),
    i.EvidenceWithdrawn(evidence=EVIDENCE),
    i.NoteAdded(note=NOTE, on=v.Subject(kind="claim", id=CLAIM), text="Ask for the clip"),
    i.TaskAssigned(task=TASK, on=v.Subject(kind="claim", id=CLAIM), to=ACCOUNT, due=WHEN, text="Geolocate"),
    i.TaskDone(task=TASK),
    i.BulletinPublished(
        bulletin=BULLETIN, title="Kursk", text="Six miles, or nine.", cites=(v.Citation(claim=CLAIM, position=3),)
    ),
    i.BulletinCorrected(bulletin=BULLETIN, number=1, wrong="stopped", right="It was not stopped", cause=CLAIM),
    i.BulletinWithdrawn(bulletin=BULLETIN, notice="Withdrawn", told=("agencies",)),
    s.SourceRegistered(source=SOURCE, name="A think tank", kind="monitor", country="US", languages=("en",)),
    s.SourceDescribed(
        before=v.SourceContent(name="A think tank", kind="monitor"), after=v.SourceContent(name="ISW", kind="monitor")
    ),
    s.SourceGraded(reliability="B", topic="maps", basis="Corrects itself in public"),
    s.SourceRelated(other=AGENCY, relation="relies_on"),
    s.SourceUnrelated(other=AGENCY, relation="relies_on"),
    s.SourceJudged(other=AGENCY, judgement="same"),
    a.AccountOpened(account=ACCOUNT, name="reporter-1", kind="person"),
    a.AccountClosed(),
    a.RoleGranted(role="reporter", incident=INCIDENT),
    a.RoleRevoked(role="reporter", incident=INCIDENT),
    a.KeyIssued(key="abcdefghijkl", scopes=("reporter",), expires=WHEN),
    a.KeyRevoked(key="abcdefghijkl"),
    p.SubjectSealed(subject=SUBJECT, short_id="S-000000XP", number=1, incident=INCIDENT, sealed="c2VhbGVk"),
    p.SubjectDisclosed(passages=(1,)),
    p.SubjectErased(ordered_by="the person concerned", ground="consent_withdrawn"),
)
