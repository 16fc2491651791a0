"""Who is asking: from the Authorization header to a caller."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from domain.account_state import Account
from service.access import OPEN_READER, Caller, caller_of
from service.api.problems import CHALLENGE, Fault
from service.keys import key_id_of, matches
from service.ledger import Ledger

bearer = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer orc_...`")


@dataclass(frozen=True, slots=True)
class ProvenKey:
    """A key whose secret was presented, and the account that holds it."""

    id: str
    account: Account


def proven(ledger: Ledger, secret: str) -> ProvenKey | None:
    """Return the key that a secret is, None where it is none; an expired or revoked one is one still."""
    key_id = key_id_of(secret)
    holder = ledger.holder(key_id) if key_id is not None else None
    if key_id is None or holder is None or not matches(secret, holder.hash):
        return None
    return ProvenKey(key_id, holder.account)


async def known_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Caller | None:
    """Return the caller of a valid key, None where no key is sent; raise 401 for a key that is not valid."""
    if credentials is None:
        if "authorization" in request.headers:
            raise Fault(401, "InvalidKey", "send the key as Authorization: Bearer orc_...", CHALLENGE)
        return None
    ledger: Ledger = request.app.state.ledger
    state = request.scope.get("state", {})
    key = state["proven"] if "proven" in state else proven(ledger, credentials.credentials)
    if key is None:
        raise Fault(401, "InvalidKey", "the key is not valid: ask an administrator for one", CHALLENGE)
    return _caller_with(key)


async def writing_caller(request: Request) -> Caller:
    """Return the caller as `writer` does; a key that was proven on the way in is not read again."""
    key: ProvenKey | None = request.scope["state"].get("proven")
    return _caller_with(key) if key is not None else await writer(await known_caller(request, await bearer(request)))


def _caller_with(key: ProvenKey) -> Caller:
    caller = caller_of(key.account, key.id, datetime.now(UTC))
    if caller is None:
        raise Fault(401, "InvalidKey", "the key has expired or was revoked: ask an administrator for one", CHALLENGE)
    return caller


Known = Annotated[Caller | None, Depends(known_caller)]


async def writer(caller: Known) -> Caller:
    """Return the caller, or raise 401: nobody writes without being somebody."""
    if caller is None:
        raise Fault(401, "NoKey", "writing needs a key: send Authorization: Bearer orc_...", CHALLENGE)
    return caller


async def reader(request: Request, caller: Known) -> Caller:
    """Return the caller, or anybody where reading is open; raise 401 where it is not."""
    if caller is not None and not caller.reads():
        raise Fault(403, "NotAllowed", "reading takes a role, any of them: ask an administrator")
    if caller is not None:
        return caller
    if request.app.state.settings.open_reading:
        return OPEN_READER
    raise Fault(401, "NoKey", "reading needs a key: send Authorization: Bearer orc_...", CHALLENGE)


Writer = Annotated[Caller, Depends(writer)]
Reader = Annotated[Caller, Depends(reader)]
