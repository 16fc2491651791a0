"""What a claim says, to every peer: what ours says, in about 400 bytes."""

import json
from uuid import uuid4


def fields(n: int, text: str, incident: str) -> dict[str, str]:
    """Return the fields of the n-th claim on an incident."""
    return {
        "claim": str(uuid4()),
        "report": incident,
        "text": text,
        "language": "en",
        "claimant": incident,
        "reference": f"bench-{n}",
    }


def as_json(n: int, text: str, incident: str) -> str:
    """Return the same as JSON."""
    return json.dumps(fields(n, text, incident), ensure_ascii=False)
