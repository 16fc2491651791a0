"""What some acts do beside the ledger: with secrets, which never come near it.

Law: a passage in the clear is in the body of one request, or of one answer, and in no command, event, log or file.
"""

import hashlib
from contextlib import suppress
from typing import Annotated, Any, ClassVar
from uuid import UUID

import structlog
from fastapi import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, TypeAdapter, WithJsonSchema
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool

from domain import account_commands as a
from domain import subject_commands as p
from domain.commands import Command
from domain.refusals import SubjectErased
from domain.seals import seal_of
from domain.values import Frozen, Words
from service.api.problems import Fault
from service.api.writes import Write
from service.ids import uuid7
from service.keys import make_key
from service.ledger import IdempotencyMismatch, Receipt
from service.sealing import KeyMissing, Passage, Sealing
from service.vault import BadVault

log = structlog.get_logger()
SHORTEST = 3
"""Characters from which on a passage is looked for in what is said beside it."""
LONGEST = 10_000
"""Characters of a passage: sealed, they fit into an event."""
_words: TypeAdapter[str] = TypeAdapter(Words)


def _is_a_passage(text: SecretStr) -> SecretStr:
    """Check a passage as any other text, and tell nothing of it where it is none."""
    said = text.get_secret_value()
    if len(said) > LONGEST:
        raise PydanticCustomError("passage_too_long", "a passage has 10,000 characters at the most: seal it in parts")
    try:
        _words.validate_python(said)
        said.encode()
    except ValueError:
        raise PydanticCustomError("no_passage", "this text is empty, or has characters that no text takes") from None
    return text


SealedText = Annotated[
    SecretStr,
    AfterValidator(_is_a_passage),
    WithJsonSchema({**_words.json_schema(), "maxLength": LONGEST, "format": "password", "writeOnly": True}),
]


class PassageView(BaseModel):
    """A passage that was disclosed, and what stands in its place in the record's texts."""

    model_config = ConfigDict(frozen=True)

    seal: str
    text: str


class Beside:
    """Nothing: what most acts do."""

    HIDDEN: ClassVar[frozenset[str]] = frozenset()
    """Fields of the command that a request does not bring."""
    MORE: ClassVar[dict[str, Any]] = {}
    """Fields that a request brings in their place."""
    secret: bytes | None = None
    """The hash of a key that was made."""

    def __init__(self, request: Request, asked: Write) -> None:
        self._asked = asked

    async def before(self) -> dict[str, Any]:
        """Do what comes before, and return the fields of the command that it gives."""
        return {}

    async def after(self, receipt: Receipt) -> dict[str, Any]:
        """Do what comes after, and return what the answer says of it."""
        return {}

    async def undo(self) -> None:
        """Take back what came before: nothing was recorded."""

    def fingerprint(self, request: bytes) -> str:
        """Return what tells a request from another."""
        return hashlib.sha256(request).hexdigest()


class MakingKey(Beside):
    """A new API key: its secret is told once, its hash kept beside the log."""

    HIDDEN = frozenset({"key"})

    async def before(self) -> dict[str, Any]:
        """Make the key."""
        self._made = make_key()
        self.secret = self._made.hash
        return {"key": self._made.id}

    async def after(self, receipt: Receipt) -> dict[str, Any]:
        """Tell the secret, the first time."""
        return {} if receipt.replayed else {"secret": self._made.secret}


class _WithVault(Beside):
    """An act upon the vault."""

    def __init__(self, request: Request, asked: Write) -> None:
        super().__init__(request, asked)
        self._sealing = sealing_of(request)

    @property
    def _subject(self) -> UUID:
        subject: UUID = self._asked.ids["subject"]
        return subject

    @property
    def _incident(self) -> UUID | None:
        incident: UUID | None = self._asked.body.incident  # type: ignore[attr-defined]  # of each command to a subject
        return incident

    async def _disclosed(self) -> list[Passage]:
        """Return all passages of the person, none of which stands in the clear in what is said of it."""
        found = await run_in_threadpool(self._sealing.disclosed, self._subject, self._incident)
        check_words(self._asked.body, *(one.text for one in found))
        return found


class SealingPassage(_WithVault):
    """Another passage of a person: it is sealed before the ledger hears of it."""

    HIDDEN = frozenset({"sealed"})
    MORE: ClassVar[dict[str, Any]] = {"text": (SealedText, ...)}

    async def before(self) -> dict[str, Any]:
        """Seal the passage."""
        check_words(self._asked.body, self._text)
        return {"sealed": await run_in_threadpool(self._sealing.seal, self._subject, self._incident, self._text)}

    async def after(self, receipt: Receipt) -> dict[str, Any]:
        """Tell what to write in place of the passage. A retry that brings another passage is none."""
        number = int(receipt.ids["number"])
        if receipt.replayed:
            (kept,) = await run_in_threadpool(self._sealing.disclosed, receipt.aggregate, None, (number,))
            if kept.text != self._text:
                raise IdempotencyMismatch(self._asked.retry_key)
        return {"seal": seal_of(receipt.ids["short_id"], number)}

    def fingerprint(self, request: bytes) -> str:
        """Return what tells a request from another, the passage apart: a hash of it, kept, would tell it to a guess."""
        rest = self._asked.body.model_dump_json(exclude={"text"}).encode()
        return super().fingerprint(request.removesuffix(self._asked.content) + rest)

    @property
    def _text(self) -> str:
        text: SecretStr = self._asked.body.text  # type: ignore[attr-defined]  # it is in `MORE`
        return text.get_secret_value()


class SealingSubject(SealingPassage):
    """The first passage of a person, whose key is made for it."""

    HIDDEN = frozenset({"sealed", "subject"})

    async def before(self) -> dict[str, Any]:
        """Make the key, and seal the passage."""
        check_words(self._asked.body, self._text)
        self._made, vault = uuid7(), self._sealing.vault
        await run_in_threadpool(vault.new_key, self._made)
        return {"subject": self._made, "sealed": await run_in_threadpool(vault.seal, self._made, self._text)}

    async def after(self, receipt: Receipt) -> dict[str, Any]:
        """Tell what to write in place of the passage; a key that was made for a retry is not needed."""
        if receipt.replayed:
            await self.undo()
        return await super().after(receipt)

    async def undo(self) -> None:
        """Destroy the key that was made: of nobody, it harms nobody where that fails."""
        with suppress(BadVault):
            await run_in_threadpool(self._sealing.vault.destroy, self._made)


class Disclosing(_WithVault):
    """The passages are told after the look was recorded, and once: a retry tells that it was, and not what."""

    async def before(self) -> dict[str, Any]:
        """Open what is to be disclosed: a look that is recorded was one."""
        self._passages = await self._disclosed()
        return {}

    async def after(self, receipt: Receipt) -> dict[str, Any]:
        """Tell the passages."""
        if receipt.replayed:
            return {}
        numbers: tuple[int, ...] = self._asked.body.passages  # type: ignore[attr-defined]  # of the command
        told = [one for n, one in enumerate(self._passages, start=1) if not numbers or n in numbers]
        return {"passages": [PassageView(seal=one.seal, text=one.text) for one in told]}


class Erasing(_WithVault):
    """The key is destroyed once it is recorded that it is, and before anybody is told so."""

    async def before(self) -> dict[str, Any]:
        """See that the key can be destroyed."""
        if self._asked.retry_key is None:
            await run_in_threadpool(self._sealing.erasing, self._subject, self._incident)
            with suppress(KeyMissing, BadVault, SubjectErased):  # what cannot be opened any more can be erased
                await self._disclosed()
        else:  # a retry is answered as it was, also of what is erased by now
            await run_in_threadpool(self._sealing.vault.check)
        return {}

    async def after(self, receipt: Receipt) -> dict[str, Any]:
        """Destroy the key."""
        try:
            await run_in_threadpool(self._sealing.vault.erase, self._subject)
        except BadVault as problem:
            log.error("the key of an erased person could not be destroyed", error=str(problem))
            said = "the erasure is recorded, and nothing is disclosed any more; the key could not be destroyed yet"
            raise Fault(503, "KeyNotDestroyed", f"{said}, which is tried again: tell the operator") from None
        return {}


def check_words(body: Frozen, *passages: str) -> None:
    """Raise 422 where what is sealed stands in the clear in what is said of it: that stays for ever."""
    for name in ("reason", "ordered_by"):
        said = getattr(body, name, "").casefold()
        if any(len(one) >= SHORTEST and one.strip().casefold() in said for one in passages if one.strip()):
            raise Fault(422, "PassageInTheClear", f"{name} has in it what is sealed, and is in the clear for ever")


def sealing_of(request: Request) -> Sealing:
    """Return what seals and opens. Raise 503 where this server has no vault."""
    sealing: Sealing | None = request.app.state.sealing
    if sealing is None:
        raise Fault(503, "NoVault", "nothing can be sealed or opened here: the operator names a vault, see /docs")
    return sealing


BESIDE: dict[type[Command], type[Beside]] = {
    a.IssueKey: MakingKey,
    p.SealSubject: SealingSubject,
    p.SealPassage: SealingPassage,
    p.DiscloseSubject: Disclosing,
    p.EraseSubject: Erasing,
}


def beside(kind: type[Command]) -> type[Beside]:
    """Return what commands of a kind do beside the ledger."""
    return BESIDE.get(kind, Beside)
