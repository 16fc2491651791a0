"""Media types: what a route offers, and which of it a client takes (RFC 9110 12.5.1).

Law: what is not offered is 406, never something else in its place. A suffix in the path is chosen already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Form:
    """A form that an answer may take: its suffix in a path, and its media type."""

    suffix: str
    media_type: str
    attached: bool = False
    """A download: the answer suggests a file name."""

    @property
    def essence(self) -> str:
        """Return the media type without its parameters."""
        return self.media_type.partition(";")[0]


JSON = Form("json", "application/json")
NDJSON = Form("ndjson", "application/x-ndjson", attached=True)
CSV = Form("csv", "text/csv; charset=utf-8", attached=True)
GEOJSON = Form("geojson", "application/geo+json", attached=True)
ATOM = Form("atom", "application/atom+xml")
JSON_FEED = Form("feed.json", "application/feed+json")
CLAIM_REVIEW = Form("claimreview.jsonld", "application/ld+json")
JSON_PATCH = Form("patch.json", "application/json-patch+json")
LINK_FORMAT = Form("link", "application/link-format")
TLOG_PROOF = Form("tlog-proof", "text/plain; charset=utf-8")
FILE = Form("bin", "application/octet-stream")
EVENTS = Form("events", "text/event-stream")


def offering(*forms: Form, by_suffix: bool = False) -> Callable[[F], F]:
    """Say which forms an endpoint offers, the preferred one first, and whether the suffix of its path chooses."""

    def mark(endpoint: F) -> F:
        endpoint.__dict__.update(offers=forms, by_suffix=by_suffix)
        return endpoint

    return mark


def offers_of(endpoint: Callable[..., Any]) -> tuple[Form, ...]:
    """Return the forms that an endpoint offers: JSON where it says nothing."""
    forms: tuple[Form, ...] = endpoint.__dict__.get("offers", (JSON,))
    return forms


def negotiates(endpoint: Callable[..., Any]) -> bool:
    """Tell whether Accept chooses among the forms of an endpoint."""
    return not endpoint.__dict__.get("by_suffix", False)


def chosen(accept: str, offered: Sequence[Form]) -> Form | None:
    """Return the form that an Accept header likes best, the first of those liked alike; None where it takes none."""
    wanted = [_range(part) for part in accept.split(",") if part.strip()]
    if not wanted:
        return offered[0]
    best = max(offered, key=lambda form: _liking(form, wanted))
    return best if _liking(best, wanted) > 0 else None


def _range(part: str) -> tuple[str, float]:
    essence, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weights = [value for name, _, value in (p.partition("=") for p in parameters) if name.strip() == "q"]
    try:
        return essence, float(weights[0]) if weights else 1.0
    except ValueError:
        return essence, 0.0


def _liking(form: Form, wanted: list[tuple[str, float]]) -> float:
    """Return the weight of a form: that of the most specific range that covers it."""
    kind = form.essence.partition("/")[0]
    for covering in (form.essence, f"{kind}/*", "*/*"):
        weights = [weight for essence, weight in wanted if essence == covering]
        if weights:
            return max(weights)
    return 0.0
