"""A stage for one test: things are made over HTTP when they are first named, in an incident of their own.

Law: nothing is on the stage that the case does not name. `"$claim"` in a body or path is the id of the claim of the
recipe below, `"@claim"` the position at which it was made; `"$nothing"` is the id of nothing.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from service.api.acts import ACTS, Act

BY_OPERATION: dict[str, Act] = {one.operation: one for one in ACTS}
NOTHING = "00000000-0000-7000-8000-000000000000"
NAMED = re.compile(r"\{(\w+)\}")
HASH, OTHER_HASH = "sha256:" + "27a5" * 16, "sha256:" + "0b1c" * 16


@dataclass(frozen=True)
class Step:
    """An act that is posted: its operation, its body, and what the path names where that is not the obvious thing."""

    operation: str
    body: dict[str, Any]
    where: dict[str, str] = field(default_factory=dict)
    who: str = "editor"

    def on(self, **where: str) -> Self:
        """Return the same act on other things."""
        return type(self)(self.operation, self.body, {**self.where, **where}, self.who)

    def by(self, who: str) -> Self:
        """Return the same act, posted by somebody else."""
        return type(self)(self.operation, self.body, self.where, who)

    def saying(self, **fields: Any) -> Self:
        """Return the same act with other fields; a field that is None is left out."""
        body = {name: value for name, value in {**self.body, **fields}.items() if value is not None}
        return type(self)(self.operation, body, self.where, self.who)


def act(operation: str, **body: Any) -> Step:
    """Return the act of an operation with a body."""
    return Step(operation, body)


def _quantity(figure: str, **numbers: Any) -> dict[str, Any]:
    return {"figure": figure, "wording": "as printed", **numbers}


SIX_MILES = _quantity("$figure", high=6, unit="mile", bound="up_to")
TWENTY = _quantity("$count", best=20, unit="1", bound="exact")
SAID = {"text": "Troops advanced as far as six miles", "language": "en"}

RECIPES: dict[str, tuple[str, Step]] = {
    "source": ("source", act("register_source", name="A think tank", kind="monitor")),
    "agency": ("source", act("register_source", name="An agency", kind="agency")),
    "blogger": ("source", act("register_source", name="A blogger", kind="milblogger")),
    "incident": ("incident", act("open_incident", title="Kursk incursion")),
    "other_incident": ("incident", act("open_incident", title="Strike on a bridge")),
    "figure": ("figure", act("define_figure", label="Depth of the advance", unit="km")),
    "count": ("figure", act("define_figure", label="Killed", unit="1")),
    "report": ("report", act("receive_report", source="$source", title="Daily assessment")),
    "agency_report": ("report", act("receive_report", source="$agency", title="A dispatch")),
    "claim": ("claim", act("make_claim", report="$report", wording=SAID, attribution={"claimant": "$source"})),
    "other_claim": ("claim", act("make_claim", report="$report", wording={"text": "Nine miles"})),
    "stance": ("stance", act("take_stance", source="$agency", kind="denies", report="$agency_report")),
    "evidence": ("evidence", act("attach_evidence", supports=["$claim"], kind="video", hash=HASH)),
    "counter_evidence": ("evidence", act("attach_evidence", against=["$claim"], kind="photo", hash=OTHER_HASH)),
    "note": ("note", act("add_note", on={"kind": "incident", "id": "$incident"}, text="Ask for the clip")),
    "task": ("task", act("assign_task", on={"kind": "incident", "id": "$incident"}, to="$account", text="Geolocate")),
    "bulletin": ("bulletin", act("publish_bulletin", title="Kursk", text="Six miles.", cites=[{"claim": "$claim"}])),
    "account": ("account", act("open_account", name="reporter-1")),
    "subject": ("subject", act("seal_subject", text="Her full name")),
    "key": ("key", act("issue_key", scopes=["reporter"])),
}


class Stage:
    """What a case acts on, and the clients of those who act, by name."""

    def __init__(self, clients: dict[str, httpx2.Client]) -> None:
        self._clients = clients
        self.ids: dict[str, str] = {"nothing": NOTHING}
        self.position = 0
        self.made: dict[str, int] = {}

    def id(self, name: str) -> str:
        """Return the id of a thing, which is made where it is not there yet."""
        if name not in self.ids:
            kind, step = RECIPES[name]
            self.ids[name] = self.done(step)["ids"][kind]
            self.made[name] = self.position
        return self.ids[name]

    def filled(self, value: Any) -> Any:
        """Return a value with the ids of the things that it names."""
        match value:
            case str() if value.startswith("$") and value[1:] in (*RECIPES, *self.ids):
                return self.id(value[1:])
            case str() if value.startswith("@") and value[1:] in RECIPES:
                self.id(value[1:])
                return self.made[value[1:]]
            case dict():
                return {name: self.filled(one) for name, one in value.items()}
            case list():
                return [self.filled(one) for one in value]
            case int() | float() | str():
                return value
            case _:
                raise TypeError(f"{value!r} has no place in a body")

    def path(self, template: str, where: dict[str, str] | None = None) -> str:
        """Return a path with the ids of the things that it names."""
        return NAMED.sub(lambda found: self.filled((where or {}).get(found[1], f"${found[1]}")), template)

    def post(self, step: Step, **headers: str) -> httpx2.Response:
        """Post an act, and return the answer."""
        path = self.path(BY_OPERATION[step.operation].path, step.where)
        return self._clients[step.who].post(path, json=self.filled(step.body), headers=headers)

    def done(self, step: Step) -> dict[str, Any]:
        """Post an act that must be accepted, and return its receipt."""
        answer = self.post(step)
        assert answer.status_code in (200, 201), f"{step.operation}: {answer.text}"
        receipt: dict[str, Any] = answer.json()
        self.position = receipt["position"]
        return receipt

    def prepare(self, step: Step) -> None:
        """Put everything that an act names on the stage, without doing it."""
        self.path(BY_OPERATION[step.operation].path, step.where)
        self.filled(step.body)

    def get(self, path: str, **parameters: Any) -> httpx2.Response:
        """Read, having waited for what was written."""
        headers = {"X-Wait-Position": str(self.position)}
        return self._clients["editor"].get(path, params=parameters, headers=headers)

    def head(self) -> int:
        """Return the last position of the log."""
        root = self._clients["editor"].base_url.copy_with(path="/healthz/ready")
        head: int = self._clients["editor"].get(root).json()["head"]
        return head
