"""The demonstration: a fresh ledger, marked as one, with the examples on it."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from domain.account_commands import GrantRole, IssueKey
from domain.events import Actor
from domain.values import Role
from service.imports import Summary, import_merged
from service.keys import make_key
from service.ledger import Ledger, Request
from service.names import names_of
from service.rows import count_lines

_HERE = Path(__file__).parent
EXAMPLES = _HERE / "examples" if (_HERE / "examples").exists() else _HERE.parent / "examples"
"""In a wheel the examples lie beside this file, in a checkout one folder up."""
FILES = ("kursk-2024-08.ndjson", "losses.ndjson.gz")
ROLES: tuple[Role, ...] = ("auditor", "custodian")
"""What the editor of the examples may do beside what they say."""
EDITOR: UUID = names_of("kursk-2024-08")("account", "editor-1")


class ExampleRefused(Exception):
    """A line of an example was not recorded: the demonstration would not be whole."""


def size() -> int:
    """Return how many lines the examples have."""
    return sum(count_lines(EXAMPLES / file) or 0 for file in FILES)


def load(ledger: Ledger, told: Callable[[Summary], None] | None = None) -> Summary:
    """Load the examples as one story. Raise `ExampleRefused` where a line is not recorded."""
    summary = import_merged(ledger, [EXAMPLES / file for file in FILES], Actor(), told=told)
    if summary.failed or summary.unread is not None:
        raise ExampleRefused(summary.unread or str(summary.problems[0]))
    return summary


def issue_keys(ledger: Ledger) -> tuple[str, str]:
    """Issue a key that reads and one that writes, both of the demonstration's editor; return their secrets."""
    for role in ROLES:
        ledger.execute_now(Request(GrantRole(account=EDITOR, role=role), Actor()))
    reading, writing = make_key(), make_key()
    only_reading: tuple[Role, ...] = ("auditor",)
    for made, scopes in ((reading, only_reading), (writing, ())):
        command = IssueKey(account=EDITOR, key=made.id, scopes=scopes)
        ledger.execute_now(Request(command, Actor(), secret=made.hash))
    return reading.secret, writing.secret
