"""The picture of an incident at an event, as `onrecord replay` draws it: the event, the claims, the contested figures.

Law: what a colour says, a word and a sign say too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text
from sqlalchemy import Connection, func, select

from domain.events import Recorded
from domain.values import AssessmentGroup, RecordState
from projections.temporal import holds_at
from projections.views.claims import claims
from projections.views.figures import FigureDetail, figures, get_figure
from service.cli.history import moment_of, who
from service.cli.terminal import plain
from service.named import told
from service.words import state, words_of

GROUPS: dict[AssessmentGroup, tuple[str, str]] = {
    "confirmed": ("✔", "green"),
    "disputed": ("≠", "yellow"),
    "unverified": ("?", "cyan"),
    "unsupported": ("∅", "magenta"),
    "debunked": ("✘", "red"),
    "none": ("·", "dim"),
}
STATES: dict[RecordState, tuple[str, str]] = {
    "standing": ("●", ""),
    "corrected": ("◐", "cyan"),
    "superseded": ("○", "dim"),
    "withdrawn_by_source": ("↩", "yellow"),
    "retracted_by_desk": ("✗", "red strike"),
}
FIGURES = 6
"""Figures that are drawn at the most."""
FRAME = 5
"""Lines of the picture that neither claims nor figures take."""


@dataclass(frozen=True)
class Scene:
    """An event of an incident, and where it stands in its story."""

    incident: str
    title: str
    recorded: Recorded
    number: int
    of: int
    people: dict[str, str]


def picture(connection: Connection, scene: Scene, height: int, hint: str) -> RenderableType:
    """Draw the incident as it stood right after an event, in so many lines."""
    position = scene.recorded.position
    contested = list(_figures(connection, scene.incident, position))
    left = max(height - FRAME - len(contested) - 1, 4)
    return Group(
        *_heading(scene),
        Rule("claims by assessment", style="dim"),
        *_claims(connection, scene, left),
        Rule("figures that differ", style="dim") if contested else Text(""),
        *contested,
        Text(hint, style="dim"),
    )


def _heading(scene: Scene) -> Iterator[Text]:
    recorded = scene.recorded
    yield _line(f"{scene.title}   {scene.number}/{scene.of}", "bold")
    yield _line(f"position {recorded.position}   {moment_of(recorded)}   {who(recorded, scene.people)}", "")
    why = f" — {recorded.reason}" if recorded.reason else ""
    yield _line(f"▶ {told(recorded, scene.people)}{why}", "bold cyan")


def _claims(connection: Connection, scene: Scene, lines: int) -> Iterator[Text]:
    """Yield the groups with their claims, those that changed last first, as far as the lines reach."""
    counts = _counts(connection, scene)
    rooms = rooms_of(counts, lines - len(counts))
    for group, (sign, colour) in GROUPS.items():
        if group in counts:
            more = f", {counts[group] - rooms[group]} of them not shown" if rooms[group] < counts[group] else ""
            yield _line(f"{sign} {group.upper()} ({counts[group]}{more})", f"bold {colour}")
            for claim in _newest(connection, scene, group, rooms[group]):
                yield _claim(claim, scene.recorded.position)


def rooms_of(counts: Mapping[AssessmentGroup, int], lines: int) -> dict[AssessmentGroup, int]:
    """Return how many claims of each group are shown: the small groups whole, and what is left shared by the others."""
    rooms: dict[AssessmentGroup, int] = {}
    for place, (group, count) in enumerate(sorted(counts.items(), key=lambda one: one[1])):
        share = max((lines - sum(rooms.values())) // (len(counts) - place), 1)
        rooms[group] = min(count, share)
    return rooms


def _counts(connection: Connection, scene: Scene) -> dict[AssessmentGroup, int]:
    query = select(claims.c.group, func.count()).where(*_now(scene)).group_by(claims.c.group)
    return {row[0]: row[1] for row in connection.execute(query)}


def _newest(connection: Connection, scene: Scene, group: str, limit: int) -> list[Mapping[str, Any]]:
    query = select(claims).where(*_now(scene), claims.c.group == group)
    newest = query.order_by(claims.c.since.desc(), claims.c.number.desc()).limit(limit)
    return [dict(row) for row in connection.execute(newest).mappings()]


def _now(scene: Scene) -> tuple[Any, Any]:
    return claims.c.incident == scene.incident, holds_at(claims, scene.recorded.position)


def _claim(claim: Mapping[str, Any], position: int) -> Text:
    sign, colour = STATES[claim["record_state"]]
    quantity = claim["said"]["quantity"]
    value = f"  [{words_of(quantity)}]" if quantity else ""
    said = f"  {sign} {claim['number']:>3} {state(claim['record_state'])}, {state(claim['assessment'])}: "
    changed = claim["since"] == position
    line = _line(f"{'▶' if changed else ' '}{said}", f"bold {colour}" if changed else colour)
    return line.append(plain(f"“{claim['text']}”{value}"), style="bold" if changed else "")


def _figures(connection: Connection, incident: str, position: int) -> Iterator[Text]:
    query = select(figures.c.figure).where(figures.c.incident == incident, holds_at(figures, position))
    shown = 0
    for figure in connection.execute(query.order_by(figures.c.position)).scalars():
        detail = get_figure(connection, position, figure)
        if detail is not None and detail.differs and shown < FIGURES:
            shown += 1
            yield _figure(detail)


def _figure(figure: FigureDetail) -> Text:
    standing = [one for one in figure.values if one.standing and not one.superseded_by]
    values = " | ".join(dict.fromkeys(str(one.quantity["wording"]) for one in standing))
    adopted = f"   adopted: {words_of(figure.adopted)}" if figure.adopted else ""
    sign, word, colour = ("≠", "contested", "yellow") if figure.contested else ("~", "differs", "cyan")
    return _line(f"  {sign} {word}: {figure.label}: {values}{adopted}", colour)


def _line(text: str, style: str) -> Text:
    return Text(plain(text), style=style, no_wrap=True, overflow="ellipsis")
