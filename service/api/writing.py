"""The routes that write: one endpoint for each line of the table of acts.

Law: an answer goes out only after the commit; the actor is the caller's account, never a field of the body.
"""

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Body, FastAPI, Path, Request, Response
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from domain.account_commands import IssueKey
from domain.commands import Command
from domain.content import carry
from domain.incident_commands import AssessClaim, MakeClaim, ReceiveReport
from domain.values import Frozen
from service.access import wanted
from service.api.acts import ACTS, Act
from service.api.callers import Writer
from service.api.examples import EXAMPLES, RECEIPT
from service.api.naming import NAMES, ids_of
from service.api.writes import CorrelationId, IdempotencyKey, IfMatch, Write, WriteRoute, read_write
from service.keys import make_key
from service.ledger import Idempotency, Ledger, NotAllowed, Receipt
from service.ledger import Request as LedgerRequest

PREFIX = "/api/v1"
BUSIEST = (MakeClaim, ReceiveReport)


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


def body_of(act: Act) -> type[Frozen]:
    """Return the model of the body: the command without the ids that the path carries."""
    in_path = path_names(act)
    if act.command is IssueKey:
        in_path = {*in_path, "key"}
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in act.command.model_fields.items() if name not in in_path
    }
    name = f"New{act.command.__name__}" if act.creates else act.command.__name__
    config = ConfigDict(**Frozen.model_config)
    config["json_schema_extra"] = {"examples": [EXAMPLES[act.command.NAME]]}
    return cast(type[Frozen], create_model(name, __config__=config, __doc__=act.command.__doc__, **fields))


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
            *(parameter(name, Annotated[_path_type(act, name), Path()]) for name in kinds),
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
    caller, made = asked.caller, make_key() if act.command is IssueKey else None
    command: Command = carry(act.command, asked.body, **asked.ids, **({"key": made.id} if made else {}))
    if not caller.may(command):
        raise NotAllowed(f"{wanted(command)}: ask an administrator")
    receipt = await ledger.execute(
        LedgerRequest(
            command=command,
            actor=caller.actor,
            may_override=isinstance(command, AssessClaim) and caller.may_override(command.incident),
            expected_version=asked.version,
            idempotency=_idempotency(request, asked),
            correlation=asked.correlation,
            secret=made.hash if made else None,
        )
    )
    secret = made.secret if made and not receipt.replayed else None
    return _answer(act, asked.ids, receipt, secret)


def _idempotency(request: Request, asked: Write) -> Idempotency | None:
    if asked.retry_key is None:
        return None
    parts = (request.method.encode(), request.scope["path"].encode(), asked.content)
    fingerprint = hashlib.sha256(b"\0".join(parts)).hexdigest()
    return Idempotency(key=asked.retry_key, caller=str(asked.caller.actor.account), fingerprint=fingerprint)


def _answer(act: Act, ids: dict[str, Any], receipt: Receipt, secret: str | None) -> Response:
    view = ReceiptView(
        aggregate=receipt.aggregate,
        version=receipt.version,
        position=receipt.position,
        recorded_at=receipt.recorded_at,
        events=receipt.events,
        ids=receipt.ids,
        secret=secret,
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
