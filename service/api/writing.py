"""The routes that write: one endpoint for each line of the table of acts.

Law: an answer goes out only after the commit; the actor is the caller's account, never a field of the body.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Body, FastAPI, Path, Request, Response
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from domain.commands import Command
from domain.content import carry
from domain.incident_commands import AssessClaim, MakeClaim, ReceiveReport
from domain.refusals import Refused
from domain.values import Frozen
from service.access import wanted
from service.api.acts import ACTS, Act
from service.api.beside import Beside, PassageView, beside
from service.api.callers import Writer
from service.api.examples import EXAMPLES, RECEIPT
from service.api.naming import NAMES, ids_of
from service.api.writes import CorrelationId, IdempotencyKey, IfMatch, Write, WriteRoute, read_write
from service.ledger import (
    Idempotency,
    IdempotencyMismatch,
    KeyNoLongerValid,
    Ledger,
    NotAllowed,
    QueueFull,
    Receipt,
    StaleVersion,
    TooLong,
)
from service.ledger import Request as LedgerRequest

PREFIX = "/api/v1"
BUSIEST = (MakeClaim, ReceiveReport)
PATH_NAMES = {"subject": "Id of the person of whom passages are sealed"}
NOT_RECORDED = (Refused, StaleVersion, IdempotencyMismatch, KeyNoLongerValid, NotAllowed, QueueFull, TooLong)
"""What tells that nothing was recorded, whatever else is not known."""


class ReceiptView(BaseModel):
    """What a write answers, after the commit: which events, and where they stand in the record."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [RECEIPT]})

    aggregate: UUID
    version: int
    position: int
    recorded_at: datetime
    events: tuple[str, ...]
    ids: dict[str, str]
    secret: str | None = None
    """Of a new key only: the secret, shown this once."""
    seal: str | None = None
    """Of a sealed passage: what to write in its place."""
    passages: tuple[PassageView, ...] | None = None
    """Of a disclosure: the passages in the clear, shown this once."""


def body_of(act: Act) -> type[Frozen]:
    """Return the model of the body: the command without the ids that the path carries."""
    by_itself = beside(act.command)
    hidden = path_names(act) | by_itself.HIDDEN
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in act.command.model_fields.items() if name not in hidden
    }
    name = f"New{act.command.__name__}" if act.creates else act.command.__name__
    config = ConfigDict(**Frozen.model_config)
    config["json_schema_extra"] = {"examples": [EXAMPLES[act.command.NAME]]}
    return cast(
        type[Frozen], create_model(name, __config__=config, __doc__=act.command.__doc__, **fields, **by_itself.MORE)
    )


def path_names(act: Act) -> set[str]:
    """Return the names of the ids in the path."""
    return {part[1:-1] for part in act.path.split("/") if part.startswith("{")}


def mount(app: FastAPI) -> None:
    """Add the route of each act, the busiest first: the router tries one after the other.

    They stand in the table of the application itself: what is found in a router within it is looked for twice.
    """
    for act in sorted(ACTS, key=lambda act: act.command not in BUSIEST):
        app.router.add_api_route(
            PREFIX + act.path,
            endpoint_of(act),
            route_class_override=WriteRoute,
            methods=["POST"],
            status_code=201 if act.creates else 200,
            operation_id=act.operation,
            summary=(act.command.__doc__ or "").partition("\n")[0],
            tags=[act.command.NAME.split(".")[0]],
            response_model=ReceiptView,
            response_model_exclude_none=True,
        )


def endpoint_of(act: Act) -> Callable[..., Awaitable[Response]]:
    """Return the endpoint of an act, with the signature that the framework documents it by."""
    kinds = {name: TypeAdapter(_path_type(act, name)) for name in sorted(path_names(act))}
    body_model = body_of(act)

    async def endpoint(request: Request) -> Response:
        asked = await read_write(request, kinds, body_model)
        return await post(act, request, replace(asked, ids=await ids_of(request, asked.ids)))

    def parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)

    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter("request", Request),
            parameter("caller", Writer),
            *(
                parameter(name, Annotated[_path_type(act, name), Path(description=PATH_NAMES.get(name))])
                for name in kinds
            ),
            parameter("body", Annotated[body_model, Body()]),
            parameter("if_match", IfMatch, None),
            parameter("retry_key", IdempotencyKey, None),
            parameter("correlation", CorrelationId, None),
        ]
    )
    return endpoint


def _path_type(act: Act, name: str) -> Any:
    field = act.command.model_fields[name]
    return Annotated[field.annotation, *field.metadata] if name == "key" else NAMES.get(name, UUID)


async def post(act: Act, request: Request, asked: Write) -> Response:
    """Give the command to the ledger, and answer its receipt."""
    ledger: Ledger = request.app.state.ledger
    caller = asked.caller
    if not caller.may_ask(act.command, asked.ids.get("incident") or getattr(asked.body, "incident", None)):
        here = ", or name the `incident` for which you have it" if "incident" in body_fields(asked) else ""
        raise NotAllowed(f"{wanted(act.command)}: ask an administrator{here}")
    by_itself = beside(act.command)(request, asked)
    idempotency = _idempotency(request, asked, by_itself)
    command: Command = carry(act.command, asked.body, **asked.ids, **await by_itself.before())
    try:
        receipt = await ledger.execute(
            LedgerRequest(
                command=command,
                actor=caller.actor,
                may_override=isinstance(command, AssessClaim) and caller.may_override(command.incident),
                expected_version=asked.version,
                idempotency=idempotency,
                correlation=asked.correlation,
                secret=by_itself.secret,
            )
        )
    except NOT_RECORDED:
        await by_itself.undo()
        raise
    return _answer(act, asked.ids, receipt, await by_itself.after(receipt))


def body_fields(asked: Write) -> set[str]:
    """Return the names of what a body may have."""
    return set(type(asked.body).model_fields)


def _idempotency(request: Request, asked: Write, by_itself: Beside) -> Idempotency | None:
    if asked.retry_key is None:
        return None
    parts = (request.method.encode(), request.scope["path"].encode(), asked.content)
    fingerprint = by_itself.fingerprint(b"\0".join(parts))
    return Idempotency(key=asked.retry_key, caller=str(asked.caller.actor.account), fingerprint=fingerprint)


def _answer(act: Act, ids: dict[str, Any], receipt: Receipt, more: dict[str, Any]) -> Response:
    view = ReceiptView(
        aggregate=receipt.aggregate,
        version=receipt.version,
        position=receipt.position,
        recorded_at=receipt.recorded_at,
        events=receipt.events,
        ids=receipt.ids,
        **more,
    )
    headers = {
        "ETag": f'"{receipt.version}"',
        "X-Position": str(receipt.position),
        "Location": _location(act, ids, receipt),
        "Cache-Control": "no-store",
    }
    if receipt.replayed:
        headers["Idempotency-Replayed"] = "true"
    body = view.model_dump_json(exclude_none=True)
    return Response(body, 201 if act.creates else 200, headers=headers, media_type="application/json")


def _location(act: Act, ids: dict[str, Any], receipt: Receipt) -> str:
    """Return where to read what was created or acted on."""
    path = act.about if act.creates is None else f"{act.path}/{receipt.ids[act.creates]}"
    return PREFIX + path.format(**ids)
