"""Opening what was read: a text with seals comes in, and goes back with the passages in their places.

Law: each person's disclosure is recorded, with its reason, before anything of that person goes out. A seal that cannot
be opened stays a seal: of the erased it is told by whose order.
"""

import inspect
from dataclasses import dataclass, field
from typing import Annotated, Self
from uuid import UUID

from fastapi import Body, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from domain.seals import opened, seals_in
from domain.subject_commands import DiscloseSubject
from domain.values import Frozen, Prose
from projections.views.subjects import Person, persons_named
from service.access import MAY, Caller, wanted
from service.api.beside import PassageView, check_words, sealing_of
from service.api.callers import Writer
from service.api.moments import head_of, ledger_of, shown, views_of
from service.api.problems import Fault
from service.api.writes import WriteRoute, read_write
from service.ledger import NotAllowed
from service.ledger import Request as LedgerRequest

PATH = "/api/v1/disclosures"
MOST_SEALS, MOST_PERSONS = 1_000, 100
"""What is opened of a text at a time: of the longest passages, ten million characters."""


class Sealed(Frozen):
    """A text with seals in it, as they were read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "⟦S-7F3K12QX-1⟧ saw it", "reason": "To call"}]})

    text: str = Field(max_length=500_000)
    reason: Prose


class ErasedView(BaseModel):
    """A person of whom nothing can be read any more, and why."""

    model_config = ConfigDict(frozen=True)

    short_id: str
    position: int
    at: str
    ordered_by: str
    ground: str


class OpenedView(BaseModel):
    """The text with the passages in the places of their seals; the passages by themselves; who is erased."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "text": "The nurse's full name saw it",
                    "passages": [{"seal": "⟦S-7F3K12QX-1⟧", "text": "The nurse's full name"}],
                    "erased": [],
                    "positions": [109],
                }
            ]
        },
    )

    text: str
    passages: list[PassageView]
    erased: list[ErasedView]
    positions: list[int]
    """Where the looks are recorded."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A person whose seals are in a text, and what of them is there to be opened."""

    person: Person
    numbers: tuple[int, ...]
    within: UUID | None
    """The incident by which the caller has the role; None where it is held for everything."""
    may_be_opened: bool

    @classmethod
    def of(cls, person: Person, caller: Caller, numbers: list[int]) -> Self:
        """Return a person as a caller may see it."""
        incident = UUID(person.incident) if person.incident else None
        within = None if caller.may_ask(DiscloseSubject, None) else incident
        there = tuple(number for number in numbers if number <= person.passages)
        return cls(person, there, within, caller.may_ask(DiscloseSubject, incident))


@dataclass(slots=True)
class _Opened:
    """What was opened so far."""

    passages: dict[str, str] = field(default_factory=dict)
    erased: list[ErasedView] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    def of(self, text: str) -> OpenedView:
        """Return a text with what was opened of it."""
        passages = [PassageView(seal=seal, text=passage) for seal, passage in self.passages.items()]
        text = opened(text, self.passages)
        return OpenedView(text=text, passages=passages, erased=self.erased, positions=self.positions)


def mount(app: FastAPI) -> None:
    """Add the route."""
    app.router.add_api_route(
        PATH,
        disclose_text,
        route_class_override=WriteRoute,
        methods=["POST"],
        operation_id="disclose_text",
        summary="Open the seals of a text that was read; each person's disclosure is recorded",
        tags=["subject"],
        response_model=OpenedView,
    )


async def disclose_text(request: Request) -> Response:
    """Answer the text with what its seals stand for, as far as the caller may see it and it is there still."""
    asked = await read_write(request, {}, Sealed)
    body, caller = asked.body, asked.caller
    assert isinstance(body, Sealed)
    if not any(role in MAY[DiscloseSubject] for role, _ in caller.grants):
        raise NotAllowed(f"{wanted(DiscloseSubject)}: ask an administrator")
    if asked.retry_key is not None or asked.version is not None:
        raise Fault(400, "NotRetried", "each of these is a look of its own: leave Idempotency-Key and If-Match out")
    numbers = _numbers(body.text)
    await shown(request, await head_of(request), "subjects")
    persons = await run_in_threadpool(_persons, request, list(numbers))
    sealing = sealing_of(request)
    seen = [_Seen.of(one, caller, numbers[one.short_id]) for one in persons]
    for one in seen:
        if not one.may_be_opened:
            raise NotAllowed(f"your roles do not cover what is sealed as {one.person.short_id}")
    so_far = _Opened()
    # All is opened before the first look is recorded: what is refused, or cannot be opened, is no look.
    opening = [
        (one, await run_in_threadpool(sealing.disclosed, UUID(one.person.subject), one.within, one.numbers))
        for one in seen
        if one.person.erased is None and one.numbers
    ]
    check_words(body, *(passage.text for _, found in opening for passage in found))
    for one, found in opening:
        command = DiscloseSubject(
            subject=UUID(one.person.subject), incident=one.within, passages=one.numbers, reason=body.reason
        )
        receipt = await ledger_of(request).execute(LedgerRequest(command, caller.actor, correlation=asked.correlation))
        so_far.positions.append(receipt.position)
        so_far.passages |= {passage.seal: passage.text for passage in found}
    for one in seen:
        if one.person.erased is not None:
            so_far.erased.append(ErasedView.model_validate({**one.person.erased, "short_id": one.person.short_id}))
    headers = {"Cache-Control": "no-store"}
    return Response(so_far.of(body.text).model_dump_json(), headers=headers, media_type="application/json")


disclose_text.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # by which the framework documents it
    [
        inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request),
        inspect.Parameter("caller", inspect.Parameter.KEYWORD_ONLY, annotation=Writer),
        inspect.Parameter("body", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Sealed, Body()]),
    ]
)


def _numbers(text: str) -> dict[str, list[int]]:
    """Return the numbers of the seals in a text by person. Raise 413 where there are too many to open at a time."""
    seals = list(seals_in(text))
    found: dict[str, list[int]] = {}
    for seal in dict.fromkeys(seals):
        found.setdefault(seal.short_id, []).append(seal.number)
    if len(seals) > MOST_SEALS or len(found) > MOST_PERSONS:
        raise Fault(
            413, "TooManySeals", f"open {MOST_SEALS} seals of {MOST_PERSONS} persons at a time: send it in parts"
        )
    return found


def _persons(request: Request, short_ids: list[str]) -> list[Person]:
    views = views_of(request)
    with views.connect() as connection:
        return persons_named(connection, views.position("subjects"), short_ids)
