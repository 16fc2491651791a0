"""The routes that write: one endpoint for each line of the table of acts.

Law: an answer goes out only after the commit; the actor is the caller's account, never a field of the body.
What a request passes on its way is `async`, so that it costs no thread.
"""

import hashlib
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NoReturn, cast
from uuid import UUID

from fastapi import APIRouter, Body, Depends, FastAPI, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, create_model

from domain.account_commands import IssueKey
from domain.commands import Command
from domain.content import carry
from domain.incident_commands import AssessClaim, MakeClaim, ReceiveReport
from domain.values import Frozen
from service.access import MAY, Caller
from service.api.acts import ACTS, Act
from service.api.callers import Writer
from service.api.examples import EXAMPLES, RECEIPT
from service.api.problems import Fault
from service.keys import make_key
from service.ledger import Idempotency, Ledger, Receipt
from service.ledger import Request as LedgerRequest

PREFIX = "/api/v1"
_VERSION = re.compile(r'"([0-9]{1,17})(?:\.[0-9a-f]{32})?"')
"""The tag of an incident, source or account, or that of a claim, which begins with its incident's."""
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


async def json_only(request: Request) -> None:
    """Raise 415 unless the body says that it is JSON, 400 unless it is, as I-JSON has it (RFC 7493)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Fault(415, "NotJson", "send the body as application/json", {"Accept": "application/json"})
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Fault(415, "NotJson", "send the body as it is, without Content-Encoding", {"Accept-Encoding": "identity"})
    try:
        json.loads((await request.body()).decode() or "null", object_pairs_hook=_each_once, parse_constant=_no_number)
    except ValueError as problem:
        raise Fault(400, "MalformedJson", f"the body is not JSON: {problem}") from problem


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, or raise ValueError where a name comes twice: which one counts would be anybody's guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _correlation(request: Request, sent: str | None) -> str:
    """Return what the events are correlated by, the trace id where nothing is sent; raise 400 for what cannot be."""
    if sent is not None and not _is_plain(sent):
        raise Fault(400, "BadCorrelationId", "X-Correlation-Id takes 1 to 200 printable ASCII characters")
    return sent if sent is not None else str(request.state.trace_id)


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= 200 and text.isprintable() and text.isascii()


def _expected_version(if_match: str | None) -> int | None:
    """Return the version that If-Match names, or raise 400 (RFC 9110 13.1.1; strong tags only)."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _VERSION.fullmatch(if_match.strip())
    if tag is not None:
        return int(tag[1])
    raise Fault(400, "BadIfMatch", 'If-Match takes the ETag of the incident, as in If-Match: "7"')


def _retry_key(sent: str | None) -> str | None:
    """Return the key of the request, or raise 400 for one that cannot be kept."""
    if sent is not None and not _is_plain(sent):
        raise Fault(400, "BadIdempotencyKey", "Idempotency-Key takes 1 to 200 printable ASCII characters")
    return sent


@dataclass(frozen=True, slots=True)
class Sent:
    """What the headers of a write say."""

    version: int | None
    retry_key: str | None
    correlation: str


async def sent_with(
    request: Request,
    if_match: Annotated[str | None, Header(alias="If-Match", examples=['"42"'])] = None,
    retry_key: Annotated[str | None, Header(alias="Idempotency-Key", examples=["018f3a00-6d1c-7000-9f6b"])] = None,
    correlation: Annotated[str | None, Header(alias="X-Correlation-Id", description="Kept with the events")] = None,
) -> Sent:
    """Return what the headers of a write say. One dependency: each costs the framework more than what it does."""
    return Sent(_expected_version(if_match), _retry_key(retry_key), _correlation(request, correlation))


def mount(app: FastAPI) -> None:
    """Add the route of each act, the busiest first: the router tries one after the other."""
    router = APIRouter(prefix=PREFIX)
    for act in sorted(ACTS, key=lambda act: act.command not in BUSIEST):
        router.add_api_route(
            act.path,
            endpoint_of(act),
            methods=["POST"],
            status_code=201 if act.creates else 200,
            operation_id=act.operation,
            summary=(act.command.__doc__ or "").partition("\n")[0],
            tags=[act.command.NAME.split(".")[0]],
            response_model=ReceiptView,
            response_model_exclude_none=True,
            dependencies=[Depends(json_only)],
        )
    app.include_router(router)


def endpoint_of(act: Act) -> Callable[..., Awaitable[Response]]:
    """Return the endpoint of an act, with the signature that the framework documents it by."""
    names = path_names(act)
    body_model = body_of(act)

    async def endpoint(**given: Any) -> Response:
        request, caller = given["request"], given["caller"]
        ids = {name: given[name] for name in names}
        return await post(act, request, caller, given["body"], ids, given["sent"])

    def parameter(name: str, annotation: Any) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)

    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter("request", Request),
            parameter("caller", Writer),
            *(parameter(name, Annotated[_path_type(act, name), Path()]) for name in sorted(names)),
            parameter("body", Annotated[body_model, Body()]),
            parameter("sent", Annotated[Sent, Depends(sent_with)]),
        ]
    )
    return endpoint


def _path_type(act: Act, name: str) -> Any:
    return act.command.model_fields[name].annotation if name == "key" else UUID


async def post(act: Act, request: Request, caller: Caller, body: Frozen, ids: dict[str, Any], sent: Sent) -> Response:
    """Give the command to the ledger, and answer its receipt."""
    ledger: Ledger = request.app.state.ledger
    made = make_key() if act.command is IssueKey else None
    command: Command = carry(act.command, body, **ids, **({"key": made.id} if made else {}))
    if not caller.may(command):
        roles = ", ".join(sorted(MAY[act.command]))
        raise Fault(403, "NotAllowed", f"{command.NAME} takes one of the roles {roles}: ask an administrator")
    receipt = await ledger.execute(
        LedgerRequest(
            command=command,
            actor=caller.actor,
            may_override=isinstance(command, AssessClaim) and caller.may_override(command.incident),
            expected_version=sent.version,
            idempotency=_idempotency(request, caller, sent.retry_key, await request.body()),
            correlation=sent.correlation,
            secret=made.hash if made else None,
        )
    )
    secret = made.secret if made and not receipt.replayed else None
    return _answer(act, ids, receipt, secret)


def _idempotency(request: Request, caller: Caller, key: str | None, body: bytes) -> Idempotency | None:
    if key is None:
        return None
    fingerprint = hashlib.sha256(
        b"\0".join((request.method.encode(), request.scope["path"].encode(), body))
    ).hexdigest()
    return Idempotency(key=key, caller=str(caller.actor.account), fingerprint=fingerprint)


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
