"""What may be done to a source: every rule about it. `decide` is pure and raises nothing but `Refused`."""

from typing import assert_never

from domain import refusals as r
from domain import source_commands as c
from domain import source_events as e
from domain import values as v
from domain.content import carry
from domain.given import Given
from domain.lookup import new_id
from domain.reasons import check_reason
from domain.source_state import Source


def decide(state: Source | None, command: c.SourceCommands, given: Given) -> tuple[e.SourceEvents, ...]:
    """Return the events that the command leads to, or raise the `Refused` that names the rule against it."""
    if isinstance(command, c.RegisterSource):
        return check_reason(command, (_register(state, command, given),))
    if state is None:
        raise r.UnknownSource(f"no source {command.source}: register it first")
    return check_reason(command, (_decide(state, command, given),))


def _register(state: Source | None, command: c.RegisterSource, given: Given) -> e.SourceRegistered:
    if state is not None:
        raise r.AlreadyExists(f"source {state.id} is there already: {state.content.name}")
    source = new_id(command.source, (), given)
    return carry(e.SourceRegistered, command, source=source)


def _decide(state: Source, command: c.SourceCommands, given: Given) -> e.SourceEvents:
    match command:
        case c.RegisterSource():
            return _register(state, command, given)
        case c.DescribeSource():
            after = carry(v.SourceContent, command)
            if after == state.content:
                raise r.ChangesNothing("the description is what it was: name what changes")
            return e.SourceDescribed(before=state.content, after=after)
        case c.GradeSource():
            previous = state.reliability.get(command.topic or "")
            return carry(e.SourceGraded, command, previous=previous)
        case c.RelateSource() | c.UnrelateSource():
            return _tie(state, command, given)
        case c.JudgeSource():
            _check_other(state, command, given)
            if given.ties.judged(state.id, command.other) == command.judgement:
                raise r.ChangesNothing(f"the sources are judged {command.judgement} already")
            return e.SourceJudged(other=command.other, judgement=command.judgement)
        case _:
            assert_never(command)


def _tie(state: Source, command: c.RelateSource | c.UnrelateSource, given: Given) -> e.SourceEvents:
    held = given.ties.recorded_as(state.id, command.relation, command.other)
    if isinstance(command, c.UnrelateSource):
        if held is None:
            raise r.NotLinked(f"source {state.id} has no tie {command.relation} to {command.other}")
        if held[0] != state.id:
            raise r.NotLinked(f"the tie {command.relation} was recorded of {held[0]}: take it back there")
        return e.SourceUnrelated(other=command.other, relation=command.relation)
    _check_other(state, command, given)
    if held is not None:
        raise r.AlreadyLinked(f"the tie {command.relation} is there already, recorded of {held[0]}")
    return e.SourceRelated(other=command.other, relation=command.relation)


def _check_other(state: Source, command: c.RelateSource | c.JudgeSource, given: Given) -> None:
    if command.other == state.id:
        raise r.LinkToItself("a source has no tie to itself")
    if command.other not in given.sources:
        raise r.UnknownSource(f"no source {command.other}: register it first")
