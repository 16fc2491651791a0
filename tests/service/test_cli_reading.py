"""`onrecord log`, `replay`, `diff` and `export`: the story told from the record."""

import gzip
import json
import signal
from pathlib import Path

import pytest

from domain.events import Recorded
from service.ledger import Ledger
from service.settings import Settings
from tests.service.command_line import onrecord, running, terminal

INCIDENT = "INC-Q6V7NE"
SHELLING = f"{INCIDENT}-15"


def test_the_log_tells_when_who_what_and_why_with_before_and_after(story: Path) -> None:
    done = onrecord(story, "log", INCIDENT, "--subject", SHELLING)
    assert done.code == 0
    made, corrected, *detail = done.out.splitlines()
    assert "2024-08-08 08:27:00Z  reporter-1: claim 15: “Ukrainian shelling injured 24 people”" in made
    assert corrected.endswith("— Second half of the sentence was left out when typing")
    assert [line.strip() for line in detail] == [
        "wording: Ukrainian shelling injured 24 people -> The shelling injured 24 people, six of them children"
    ]


def test_the_log_is_filtered_as_in_the_api(story: Path) -> None:
    by_editor = onrecord(story, "log", "--account", "editor-1", "--json").objects()
    assert {change["who"] for change in by_editor} == {"editor-1"}
    assessed = onrecord(story, "log", INCIDENT, "--event", "claim.assessed.v1", "--json").objects()
    assert {change["name"] for change in assessed} == {"claim.assessed.v1"}
    days = ("--from", "2024-08-09", "--to", "2024-08-10T00:00:00Z")
    within = onrecord(story, "log", INCIDENT, *days, "--json").objects()
    assert within
    assert all("2024-08-09" <= change["recorded_at"] < "2024-08-10T00:00:01" for change in within)
    positions = onrecord(story, "log", "--from", "3", "--to", "5", "--json").objects()
    assert [change["position"] for change in positions] == [3, 4, 5]


def test_a_difference_is_told_in_words(story: Path) -> None:
    done = onrecord(story, "diff", INCIDENT, "2024-08-08T09:00:00Z", "2024-08-13")
    assert done.code == 0
    lines = done.out.splitlines()
    assert f"claim {INCIDENT}-8: assessment changed from contested to false; relations: 1 added" in lines
    assert f"claim {INCIDENT}-30 added: “The attack was repulsed”" in lines
    depth = "figure “Depth of the advance into Kursk region”, claimed by Institute for the Study of War"
    assert f"{depth}: up to 6 mile -> up to 10 km" in lines


def test_a_difference_backwards_removes_what_it_added_forwards(story: Path) -> None:
    moments = ("2024-08-08T09:00:00Z", "2024-08-13")
    there = onrecord(story, "diff", INCIDENT, *moments, "--json").objects()
    back = onrecord(story, "diff", INCIDENT, *reversed(moments), "--json").objects()
    assert len(there) == len(back)
    added = [change["id"] for change in there if change["what"] == "added"]
    assert added == [change["id"] for change in back if change["what"] == "removed"] != []


def test_nothing_differs_between_a_moment_and_itself(story: Path) -> None:
    done = onrecord(story, "diff", INCIDENT, "40", "40")
    assert (done.code, done.out) == (0, "")
    assert "nothing differs" in done.err


def test_away_from_a_terminal_a_replay_is_a_line_an_event_up_to_the_moment(story: Path) -> None:
    done = onrecord(story, "replay", INCIDENT, "--at", "2024-08-08T08:30:00Z")
    positions = [int(line.split()[0]) for line in done.out.splitlines()]
    assert positions == sorted(positions)
    assert "editor-1: incident opened: " in done.out.splitlines()[0]
    assert all("2024-08-08 08:" in line for line in done.out.splitlines())


def test_a_replay_as_json_is_an_event_a_line_as_it_is_stored(story: Path) -> None:
    events = onrecord(story, "replay", INCIDENT, "--format", "json").objects()
    first = Recorded.from_bytes(json.dumps(events[0]).encode(), events[0]["position"])
    assert first.event.NAME == "incident.opened.v1"


def test_in_a_terminal_a_replay_is_stepped_by_keys(story: Path) -> None:
    with terminal(story, "replay", INCIDENT) as shown:
        first = shown.wait_for("q: quit")
        assert "▶ incident opened: " in first
        shown.press(" ")
        assert " 2/" in shown.wait_for("q: quit")
        shown.press("p")
        assert " 1/" in shown.wait_for("q: quit")
        shown.press(".")
        last = shown.wait_for("q: quit")
        for word in ("CONFIRMED", "DISPUTED", "UNVERIFIED", "DEBUNKED", "standing, ", "superseded, ", "contested: "):
            assert word in last
        shown.press("q")
        assert shown.end() == 0
    assert "\x1b[?1049l" in shown.drawn, "the terminal's own screen is back"


def test_in_a_terminal_a_replay_plays_at_a_speed_to_its_end(story: Path) -> None:
    with terminal(story, "replay", INCIDENT, "--speed", "100000", "--at", "2024-08-08T08:20:00Z") as shown:
        assert shown.end() == 0
    assert shown.drawn.count("position ") > 5


def test_colours_are_left_out_where_they_are_not_wanted_and_nothing_is_lost(story: Path) -> None:
    with terminal(story, "replay", INCIDENT, "--at", "2024-08-08T09:00:00Z", NO_COLOR="1") as shown:
        shown.wait_for("q: quit")
        shown.press(".")
        assert "≠ DISPUTED" in shown.wait_for("q: quit")
        shown.press("q")
        assert shown.end() == 0
    assert "\x1b[31m" not in shown.drawn
    assert "\x1b[1;36m" not in shown.drawn


def test_stepping_needs_a_terminal(story: Path) -> None:
    assert onrecord(story, "replay", INCIDENT, "--step").code == 2


def test_a_replay_that_is_interrupted_ends_and_gives_the_terminal_back(story: Path) -> None:
    with terminal(story, "replay", INCIDENT) as shown:
        shown.wait_for("q: quit")
        shown.process.send_signal(signal.SIGINT)
        assert shown.end() == 1
    assert "\x1b[?1049l" in shown.drawn


@pytest.mark.parametrize("moment", ["tomorrow", "99999999", "2999-01-01T00:00:00Z"])
def test_what_is_no_moment_or_still_to_come_is_a_usage_error(story: Path, moment: str) -> None:
    done = onrecord(story, "replay", INCIDENT, "--at", moment)
    assert done.code == 2
    assert moment in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("log", "INC-NONE"),
        ("log", "--event", "claim.thought.v1"),
        ("log", "--account", "nobody"),
        ("diff", "x", "1", "2"),
    ],
)
def test_what_is_not_there_is_a_usage_error(story: Path, arguments: tuple[str, ...]) -> None:
    assert onrecord(story, *arguments).code == 2


def test_an_export_is_the_whole_history_as_it_is_stored(story: Path, tmp_path: Path) -> None:
    done = onrecord(story, "export", "-o", tmp_path / "all.ndjson")
    assert done.code == 0
    with Ledger.open(Settings(data=story), read_only=True) as ledger:
        stored = list(ledger.stored())
    lines = (tmp_path / "all.ndjson").read_bytes().splitlines()
    assert [b"{" + line.partition(b",")[2] for line in lines] == [data for _, data in stored]
    assert [json.loads(line)["position"] for line in lines] == [position for position, _ in stored]


def test_an_export_of_an_incident_is_compressed_where_its_name_says_so(story: Path, tmp_path: Path) -> None:
    onrecord(story, "export", INCIDENT, "-o", tmp_path / "one.ndjson.gz")
    events = [json.loads(line) for line in gzip.decompress((tmp_path / "one.ndjson.gz").read_bytes()).splitlines()]
    assert {event["aggregate"] for event in events} == {events[0]["aggregate"]}
    assert events[0]["name"] == "incident.opened.v1"
    printed = onrecord(story, "export", INCIDENT)
    assert printed.objects() == events


def test_an_export_replaces_nothing_unless_it_is_told_to(story: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.ndjson"
    file.write_text("mine")
    done = onrecord(story, "export", "-o", file)
    assert done.code == 4
    assert "--force" in done.err
    assert file.read_text() == "mine"
    assert onrecord(story, "export", "-o", file, "--force").code == 0
    assert file.read_text().startswith('{"position":1,')
    assert [one.name for one in tmp_path.iterdir()] == ["kept.ndjson"]


def test_an_export_that_cannot_be_written_leaves_nothing(story: Path, tmp_path: Path) -> None:
    done = onrecord(story, "export", "-o", tmp_path / "none" / "all.ndjson")
    assert done.code == 1
    assert "No such file or directory" in done.err


def test_whoever_has_read_enough_is_not_told_of_it(story: Path) -> None:
    with running(story, "export") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        process.stdout = None
