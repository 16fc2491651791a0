"""Who is asking: from the Authorization header to a caller."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.access import OPEN_READER, Caller, caller_of
from service.api.problems import Fault
from service.keys import key_id_of, matches
from service.ledger import Ledger
from service.store.sqlite import KeySecret

bearer = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer orc_...`")
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="onrecord"'}


def proven(ledger: Ledger, secret: str) -> KeySecret | None:
    """Return the key that a secret is, None where it is none; an expired or revoked one is one still."""
    key_id = key_id_of(secret)
    kept = ledger.secret(key_id) if key_id is not None else None
    return kept if kept is not None and matches(secret, kept.hash) else None


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
    kept = state["proven"] if "proven" in state else proven(ledger, credentials.credentials)
    if kept is None:
        raise Fault(401, "InvalidKey", "the key is not valid: ask an administrator for one", CHALLENGE)
    account = ledger.account(kept.account)
    caller = caller_of(account, kept.key_id, datetime.now(UTC)) if account else None
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
