"""What may be done with what is sealed of a person: every rule. `decide` is pure and raises nothing but `Refused`."""

from typing import assert_never
from uuid import UUID

from domain import refusals as r
from domain import subject_commands as c
from domain import subject_events as e
from domain.given import Given
from domain.lookup import new_id
from domain.reasons import check_reason
from domain.seals import seal_of, short_id_of
from domain.subject_state import Subject


def decide(state: Subject | None, command: c.SubjectCommands, given: Given) -> tuple[e.SubjectEvents, ...]:
    """Return the events that the command leads to, or raise the `Refused` that names the rule against it."""
    if isinstance(command, c.SealSubject):
        return check_reason(command, (_begin(state, command, given),))
    return check_reason(command, (_decide(there(state, command.subject, command.incident), command),))


def there(state: Subject | None, subject: UUID, incident: UUID | None) -> Subject:
    """Return a person of whom something can be opened, for an incident where one is named.

    Raise `UnknownSubject`, or `SubjectErased` where the key was destroyed.
    """
    if state is None or incident not in (None, state.incident):
        where = "" if incident is None else f" for incident {incident}"
        raise r.UnknownSubject(f"nothing is sealed of a person {subject}{where}: seal a passage first")
    if state.erased:
        raise r.SubjectErased(
            f"{state.short_id} was erased {state.erased}: nothing of it can be sealed or read any more"
        )
    return state


def _begin(state: Subject | None, command: c.SealSubject, given: Given) -> e.SubjectSealed:
    if state is not None:
        raise r.AlreadyExists(f"{state.short_id} has sealed passages already: seal another one of that person")
    if command.incident is not None and command.incident not in given.incidents:
        raise r.UnknownIncident(f"no incident {command.incident} to seal it for")
    subject = new_id(command.subject, (), given)
    short_id = short_id_of(subject)
    if seal_of(short_id, 1) in given.taken:
        raise r.AlreadyExists(f"the short id {short_id} is another person's: ask again")
    return e.SubjectSealed(
        subject=subject, short_id=short_id, number=1, incident=command.incident, sealed=command.sealed
    )


def _decide(state: Subject, command: c.SealPassage | c.DiscloseSubject | c.EraseSubject) -> e.SubjectEvents:
    match command:
        case c.SealPassage():
            return e.SubjectSealed(
                subject=state.id,
                short_id=state.short_id,
                number=state.passages + 1,
                incident=state.incident,
                sealed=command.sealed,
            )
        case c.DiscloseSubject():
            wanted = tuple(dict.fromkeys(command.passages)) or tuple(range(1, state.passages + 1))
            for number in wanted:
                if number > state.passages:
                    raise r.UnknownPassage(f"nothing is sealed as {seal_of(state.short_id, number)}")
            return e.SubjectDisclosed(passages=wanted)
        case c.EraseSubject():
            return e.SubjectErased(ordered_by=command.ordered_by, ground=command.ground)
        case _:
            assert_never(command)
