"""Every coded value: the words of the field, each list in one place."""

from typing import Annotated, Literal

from pydantic import Field

RecordState = Literal["standing", "corrected", "superseded", "withdrawn_by_source", "retracted_by_desk"]
Assessment = Literal[
    "unassessed",
    "unverified",
    "unverifiable",
    "contested",
    "likely",
    "confirmed",
    "discounted",
    "false",
    "not_applicable",
]
AssessmentGroup = Literal["unverified", "disputed", "confirmed", "unsupported", "debunked", "none"]
GROUP_OF: dict[Assessment, AssessmentGroup] = {
    "unassessed": "unverified",
    "unverified": "unverified",
    "unverifiable": "unverified",
    "contested": "disputed",
    "likely": "confirmed",
    "confirmed": "confirmed",
    "discounted": "unsupported",
    "false": "debunked",
    "not_applicable": "none",
}
Reliability = Literal["A", "B", "C", "D", "E", "F"]
"""Admiralty code, source reliability: A completely reliable .. E unreliable, F cannot be judged."""
Credibility = Annotated[int, Field(ge=1, le=6)]
"""Admiralty code, information credibility: 1 confirmed by other sources .. 5 improbable, 6 cannot be judged."""
StanceKind = Literal["repeats", "confirms", "disputes", "denies", "declines_to_confirm", "concedes"]
Relation = Literal["same", "different", "contradicts", "supports", "refines", "updates", "part_of", "responds_to"]
Judgement = Literal["positive", "unsure"]
ClaimKind = Literal[
    "advance",
    "control",
    "strike",
    "casualties",
    "losses",
    "deployment",
    "surrender",
    "official_position",
    "order",
    "motive",
    "responsibility",
    "media_content",
    "background",
    "other",
]
VerbGroup = Literal[
    "neutral", "relaying", "judging", "unproven", "showing", "conceding", "contesting", "retreating", "none"
]
Connection = Literal["witness", "party", "third_party", "victim", "relative", "official", "unknown"]
Bound = Literal[
    "exact",
    "about",
    "at_least",
    "more_than",
    "at_most",
    "up_to",
    "fewer_than",
    "between",
    "dozens",
    "hundreds",
]
Precision = Literal["minute", "hour", "part_of_day", "day", "days", "week", "month", "year", "unknown"]
"""How exactly a time is known."""
PlacePrecision = Literal[
    "exact", "vicinity", "locality", "near", "district", "region", "feature", "country", "sea_or_air"
]
MediaRating = Literal[
    "original",
    "decontextualized",
    "edited_or_cropped",
    "transformed",
    "staged",
    "satire_or_parody",
    "synthetic",
    "undetermined",
]
Method = Literal[
    "geolocation",
    "chronolocation",
    "reverse_image_search",
    "metadata",
    "comparison",
    "expert",
    "interview",
]
Finding = Literal["verified", "rejected", "inconclusive"]
EvidenceKind = Literal["video", "photo", "audio", "document", "satellite_image", "dataset", "web_page", "other"]
EvidenceRole = Literal["evidentiary", "working"]
ArchiveState = Literal["pending", "complete", "error"]
Harm = Literal["none", "personal_information", "graphic"]
ReportChange = Literal["correction", "clarification", "update", "editors_note", "silent_edit", "corrective"]
ReportPull = Literal["hold", "kill", "takedown", "deleted", "unavailable"]
DeskSlip = Literal["transcription", "translation", "attribution", "geolocation", "figure", "duplicate"]
DeskRetraction = Literal["fabricated", "misattributed", "decontextualized_media", "safety", "legal", "error"]
BulletinState = Literal["usable", "withheld", "canceled"]
Marking = Literal["clear", "green", "amber", "amber+strict", "red"]
"""Traffic Light Protocol 2.0 (FIRST)."""
Disposition = Literal["settled", "unverifiable", "duplicate", "out_of_scope"]
IncidentRelation = Literal["part_of", "caused_by", "related_to", "same"]
ReceivedHow = Literal["web", "broadcast", "call", "message", "email", "print", "in_person", "feed", "other"]
SourceKind = Literal[
    "official",
    "armed_force",
    "agency",
    "outlet",
    "monitor",
    "milblogger",
    "social_account",
    "witness",
    "ngo",
    "desk",
    "anonymous",
]
SourceRelation = Literal["same_operator", "relies_on", "spokesperson_of"]
Sameness = Literal["same", "different"]
AccountKind = Literal["person", "machine"]
Role = Literal["reporter", "verifier", "editor", "auditor", "admin", "custodian"]
ErasureGround = Literal[
    "no_longer_necessary",
    "consent_withdrawn",
    "objection",
    "unlawful_processing",
    "legal_obligation",
    "child",
    "court_order",
    "safety",
]
"""On what ground a person is erased: GDPR article 17(1)(a) to (f), in its order; a court's order; somebody's safety."""
By = Literal["source", "desk"]
SubjectKind = Literal["incident", "report", "claim", "figure", "evidence", "bulletin"]
