"""One real example of each body and of a receipt: the first hours of August 2024 in Kursk region."""

from typing import Any

SOURCE = "018f3a00-0000-7000-8000-000000000001"
AGENCY = "018f3a00-0000-7000-8000-000000000002"
REPORT = "018f3a00-0000-7000-8000-000000000011"
CLAIM = "018f3a00-0000-7000-8000-000000000021"
OTHER_CLAIM = "018f3a00-0000-7000-8000-000000000022"
FIGURE = "018f3a00-0000-7000-8000-000000000031"
EVIDENCE = "018f3a00-0000-7000-8000-000000000041"
STANCE = "018f3a00-0000-7000-8000-000000000051"
INCIDENT = "018f3a00-0000-7000-8000-000000000061"
SUBJECT = "018f3a00-0000-7000-8000-000000000081"
ACCOUNT = "018f3a00-0000-7000-8000-000000000071"
HASH = "sha256:27a537a95f2e274af8a7e6c65aec9444902736c39c01a38735d4941034521ecf"

_PLACE = {
    "name": "Kursk region",
    "country": "RU",
    "point": [35.27, 51.19],
    "radius_m": 40000,
    "precision": "region",
    "wording": "Kursk",
}
_SIX_MILES = {"figure": FIGURE, "high": 6, "unit": "mile", "bound": "up_to", "wording": "as far as six miles"}
_TEN_KM = {"figure": FIGURE, "high": 10, "unit": "km", "bound": "up_to", "wording": "up to 10 kilometres"}

RECEIPT: dict[str, Any] = {
    "aggregate": INCIDENT,
    "version": 42,
    "position": 108,
    "recorded_at": "2024-08-08T09:00:00Z",
    "events": ["claim.made.v1"],
    "ids": {"claim": CLAIM},
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "incident.open": {
        "title": "Incursion into Kursk region, August 2024",
        "summary": "Claims about depth, captures and losses conflict.",
        "place": _PLACE,
        "occurred": {"edtf": "2024-08-06/..", "wording": "since 6 August"},
        "tags": ["ground", "cross-border"],
    },
    "incident.describe": {"changes": {"tags": ["ground"]}, "reason": "Only ground forces are spoken of"},
    "incident.close": {"disposition": "settled", "reason": "Nothing new for a year"},
    "incident.reopen": {"reason": "A parliamentary report brings new figures"},
    "incident.link": {"other": INCIDENT, "relation": "caused_by"},
    "incident.unlink": {"other": INCIDENT, "relation": "caused_by", "reason": "Linked to the wrong incident"},
    "figure.define": {
        "label": "Depth of the advance into Kursk region",
        "unit": "km",
        "counting_rule": "Furthest point claimed, from the state border",
    },
    "figure.describe": {
        "label": "Depth of the advance",
        "unit": "km",
        "counting_rule": "Furthest point claimed, from the state border",
        "reason": "Shorter label",
    },
    "figure.adopt": {
        "value": {"low": 12, "high": 35, "unit": "km"},
        "rests_on": [CLAIM],
        "left_out": [{"claim": OTHER_CLAIM, "why": "earlier"}],
        "method": "lowest and highest by officials of both sides",
        "reason": "Editors need one range to print, with its spread",
    },
    "report.receive": {
        "source": SOURCE,
        "title": "Footage said to show Ukrainian armour crossing into Russia",
        "published": "2024-08-08T07:00:00Z",
        "language": "en",
        "received": "web",
    },
    "report.correct": {"kind": "correction", "what_changed": "Six miles became ten km", "reason": "Publisher's notice"},
    "report.withdraw": {"kind": "deleted", "reason": "The post is gone"},
    "claim.make": {
        "report": REPORT,
        "kind": "advance",
        "wording": {"text": "Ukrainian troops advanced as far as six miles into Russian territory", "language": "en"},
        "attribution": {"claimant": SOURCE, "through": [AGENCY], "verb": "said", "verb_group": "neutral"},
        "quantity": _SIX_MILES,
    },
    "claim.correct": {
        "by": "source",
        "changes": {"quantity": _TEN_KM},
        "reason": "The assessment gives kilometres; the article converted",
    },
    "claim.retract": {"by": "desk", "code": "error", "reason": "No version of the clip has that scene"},
    "claim.reinstate": {"basis": "The full clip was found", "reason": "The scene is in the full clip"},
    "claims.link": {"other": OTHER_CLAIM, "relation": "contradicts"},
    "claims.unlink": {"other": OTHER_CLAIM, "relation": "contradicts", "reason": "They speak of different days"},
    "stance.take": {
        "source": AGENCY,
        "kind": "declines_to_confirm",
        "wording": {"text": "Officials have not confirmed the gains", "language": "en"},
        "report": REPORT,
    },
    "claim.assess": {"assessment": "unverified", "credibility": 3, "reason": "Single partisan channel"},
    "evidence.attach": {"supports": [CLAIM], "kind": "video", "hash": HASH, "media_type": "video/mp4"},
    "evidence.examine": {
        "finding": "inconclusive",
        "method": "geolocation",
        "rating": ["undetermined"],
        "reason": "Tree lines match two crossings; no date in the clip",
    },
    "evidence.transfer": {
        "from_whom": "Verification desk",
        "to_whom": "Court registry",
        "purpose": "Disclosure",
        "hash_before": HASH,
        "hash_after": HASH,
        "reason": "Order of the court",
    },
    "evidence.withdraw": {"reason": "Belongs to another incident"},
    "note.add": {"on": {"kind": "claim", "id": CLAIM}, "text": "Ask the author for the original clip"},
    "task.assign": {"on": {"kind": "claim", "id": CLAIM}, "to": ACCOUNT, "text": "Geolocate the clip"},
    "task.finish": {},
    "bulletin.publish": {
        "title": "Kursk: what is claimed, what is checked",
        "text": "A think tank speaks of up to six miles, a blogger of nine. Neither is verified.",
        "language": "en",
        "cites": [{"claim": CLAIM}],
    },
    "bulletin.correct": {
        "wrong": "The incursion has been stopped",
        "right": "An earlier version repeated that the incursion had been stopped. This has proved untrue.",
        "cause": CLAIM,
        "reason": "Cited claim debunked",
    },
    "bulletin.withdraw": {"notice": "Withdrawn", "reason": "Its main claim was retracted"},
    "source.register": {
        "name": "Institute for the Study of War",
        "kind": "monitor",
        "country": "US",
        "languages": ["en"],
    },
    "source.describe": {"name": "ISW", "kind": "monitor", "country": "US", "reason": "Known by its short name"},
    "source.grade": {"reliability": "B", "reason": "Method published, maps corrected in public"},
    "source.relate": {"other": AGENCY, "relation": "relies_on"},
    "source.unrelate": {"other": AGENCY, "relation": "relies_on", "reason": "Has reporters of its own now"},
    "source.judge": {"other": AGENCY, "judgement": "different", "reason": "Two editors, two imprints"},
    "account.open": {"name": "reporter-1", "kind": "person"},
    "account.close": {"reason": "Left the desk"},
    "role.grant": {"role": "reporter"},
    "role.revoke": {"role": "reporter", "reason": "Moved to another desk"},
    "key.issue": {"scopes": ["reporter"], "expires": "2030-01-01T00:00:00Z"},
    "key.revoke": {"reason": "Laptop lost"},
    "subject.seal": {"text": "The nurse's full name", "incident": INCIDENT},
    "passage.seal": {"text": "The street where she lives"},
    "subject.disclose": {"passages": [1], "reason": "To reach her for consent to publish"},
    "subject.erase": {
        "ordered_by": "the person concerned",
        "ground": "consent_withdrawn",
        "reason": "Request of 3 September, checked by telephone",
    },
}
