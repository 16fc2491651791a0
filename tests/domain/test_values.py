"""The values: what cannot be constructed, and what is read from what was given."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from domain import values as v
from tests import examples as x
from tests.spec import uid


def refused(kind: type[BaseModel], match: str, /, **fields: object) -> None:
    with pytest.raises(ValidationError, match=match):
        kind.model_validate(fields)


class TestText:
    @pytest.mark.parametrize("text", ["", " ", "\t", "a\nb", "a\x00b", "x" * 501])
    def test_a_line_is_one_line_with_something_on_it(self, text: str) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(v.Line).validate_python(text)

    @pytest.mark.parametrize("text", ["", " \n ", "a\x07b"])
    def test_words_say_something(self, text: str) -> None:
        refused(v.Wording, "text", text=text)
        refused(v.Translation, "text", text=text, language="uk", translator="A translator")

    def test_words_may_have_lines_in_any_script(self) -> None:
        assert v.Wording(text="Сили\nпросунулися", language="uk").text == "Сили\nпросунулися"

    @pytest.mark.parametrize("language", ["", "english-", "u", "en_US", "a" * 36])
    def test_a_language_is_a_tag_of_bcp_47(self, language: str) -> None:
        refused(v.Wording, "language", text="t", language=language)

    @pytest.mark.parametrize("language", ["und", "uk", "pt-BR", "zh-Hant-TW"])
    def test_languages_and_translations_are_kept(self, language: str) -> None:
        translation = {"text": "t", "language": "en", "translator": "A translator"}
        wording = v.Wording.model_validate({"text": "t", "language": language, "translations": [translation]})
        assert wording.translations[0].translator == "A translator"

    @pytest.mark.parametrize("bad", ["sha256:ABC", "sha256:" + "a" * 63, "md5:" + "a" * 32, "a" * 64])
    def test_a_hash_says_its_kind(self, bad: str) -> None:
        refused(v.Archive, "hash", hash=bad)

    @pytest.mark.parametrize("url", ["ftp://example.org", "javascript:alert(1)", "https://a b", "example.org"])
    def test_an_address_is_of_the_web(self, url: str) -> None:
        refused(v.Archive, "url", url=url)


class TestMoments:
    moment: TypeAdapter[datetime] = TypeAdapter(v.Moment)

    def test_a_moment_is_kept_in_utc(self) -> None:
        kept = self.moment.validate_python("2024-08-08T12:00:00+03:00")
        assert (kept, kept.utcoffset()) == (datetime(2024, 8, 8, 9, tzinfo=UTC), timedelta(0))

    @pytest.mark.parametrize(
        "bad",
        ["2024-08-08T12:00:00", "0001-01-01T00:00:00+14:00", datetime.max.replace(tzinfo=timezone(-timedelta(1) / 2))],
    )
    def test_a_moment_has_a_zone_and_lies_in_the_calendar(self, bad: object) -> None:
        with pytest.raises(ValidationError):
            self.moment.validate_python(bad)


class TestOccurred:
    def test_an_edtf_text_is_read_and_kept(self) -> None:
        read = v.Occurred(edtf="2024-08-06~")
        assert (read.earliest, read.precision) == (datetime(2024, 8, 6, tzinfo=UTC), "day")
        assert (read.approximate, read.inferred, read.edtf) == (True, False, "2024-08-06~")

    def test_a_day_is_read_in_its_zone(self) -> None:
        read = v.Occurred(edtf="2024-08-06", zone="Europe/Kyiv")
        assert read.earliest == datetime(2024, 8, 5, 21, tzinfo=UTC)
        assert read.text() == "2024-08-06"

    def test_empty_bounds_are_as_good_as_none(self) -> None:
        read = v.Occurred.model_validate({"edtf": "2024-08", "earliest": None, "latest": None, "approximate": False})
        assert read == v.Occurred(edtf="2024-08")

    @pytest.mark.parametrize("precision", ["part_of_day", "week", "hour"])
    def test_what_edtf_cannot_say_is_said_beside_it(self, precision: v.Precision) -> None:
        read = v.Occurred(edtf="2024-08-06/2024-08-12", precision=precision, approximate=True)
        assert (read.precision, read.approximate) == (precision, True)

    def test_an_interval_lies_within_its_text(self) -> None:
        finer = v.Occurred(edtf="2024-08-06", earliest=x.WHEN - timedelta(days=2), latest=x.WHEN - timedelta(days=2))
        assert finer.earliest == x.WHEN - timedelta(days=2)
        for wrong in ({"earliest": x.WHEN}, {"latest": x.WHEN}, {"earliest": x.WHEN, "latest": x.WHEN}):
            refused(v.Occurred, "outside what the EDTF text says", edtf="2024-08-06", **wrong)

    def test_stored_times_are_read_as_they_were_written(self) -> None:
        for occurred in (x.SINCE, v.Occurred(edtf="2024-08-06?", zone="+03:00"), v.Occurred(earliest=x.WHEN)):
            assert v.Occurred.model_validate(occurred.model_dump(mode="json")) == occurred

    @pytest.mark.parametrize(
        ("fields", "match"),
        [
            ({"edtf": "soon"}, "not a date that is read here"),
            ({"edtf": "2024-02-30"}, "not in the calendar"),
            ({"edtf": "2024-08-06", "zone": "Mars/Phobos"}, "not a time zone"),
            ({"zone": "MSK!"}, "not a time zone"),
            ({"earliest": x.WHEN, "latest": x.WHEN - timedelta(1)}, "latest must not be before earliest"),
            ({"precision": "moment"}, "precision"),
        ],
    )
    def test_what_says_nothing_or_contradicts_itself_is_refused(self, fields: dict[str, object], match: str) -> None:
        refused(v.Occurred, match, **fields)

    def test_the_text_of_an_interval_is_written_where_none_was_given(self) -> None:
        assert v.Occurred(earliest=x.WHEN, latest=x.WHEN, precision="day").text() == "2024-08-08"
        assert v.Occurred(earliest=x.WHEN).text() == "2024-08-08/.."
        assert v.Occurred(wording="at some time").text() is None


class TestEstimates:
    @pytest.mark.parametrize(
        ("fields", "match"),
        [
            ({}, "at least one of low, best and high"),
            ({"low": 7, "high": 6}, "must not decrease"),
            ({"low": 7, "best": 6}, "must not decrease"),
            ({"best": 7, "high": 6}, "must not decrease"),
            ({"best": 1e16}, "kept exactly"),
            ({"best": -1e16}, "kept exactly"),
            ({"best": float("nan")}, "finite"),
            ({"best": float("inf")}, "finite"),
            ({"best": 1, "unit": "parsnip"}, "not a known unit"),
        ],
    )
    def test_a_spread_is_in_order_and_in_a_unit(self, fields: dict[str, object], match: str) -> None:
        refused(v.Estimate, match, **fields)

    def test_one_number_may_stand_for_all(self) -> None:
        assert v.Estimate(low=6, best=6, high=6).numbers() == (6, 6, 6)
        assert v.Estimate(best=1e15).numbers() == (1e15,)


class TestPlaces:
    @pytest.mark.parametrize("point", [(181, 0), (0, 91), (-181, 0), (0, -91), (0,)])
    def test_a_point_lies_on_the_globe(self, point: object) -> None:
        refused(v.Place, "point", name="Kursk", point=point)

    @pytest.mark.parametrize("radius", [0, -1, 20_040_001])
    def test_a_radius_is_no_longer_than_half_the_globe(self, radius: float) -> None:
        refused(v.Place, "radius_m", name="Kursk", radius_m=radius)

    @pytest.mark.parametrize(
        ("precision", "metres"),
        [("exact", 10), ("vicinity", 100), ("locality", 1_000), ("near", 25_000), ("region", None)],
    )
    def test_a_precision_stands_for_a_radius(self, precision: v.PlacePrecision, metres: float | None) -> None:
        assert v.Place(name="Kursk", precision=precision).uncertainty_m() == metres
        assert v.Place(name="Kursk", precision=precision, radius_m=3_000).uncertainty_m() == 3_000

    def test_a_complete_archive_is_somewhere(self) -> None:
        refused(v.Archive, "names its url or hash", state="complete")
        assert v.Archive(state="complete", hash=x.HASH).url is None


class TestChanges:
    def test_what_is_given_is_what_changes(self) -> None:
        assert v.ClaimChanges(kind="order").fields == ("kind",)
        assert v.ClaimChanges.model_validate({"quantity": None}).fields == ("quantity",)

    @pytest.mark.parametrize(
        ("kind", "fields", "match"),
        [
            (v.ClaimChanges, {}, "at least 1"),
            (v.ClaimChanges, {"wording": None}, "can be replaced, not removed"),
            (v.ClaimChanges, {"fields": ["kind", "kind"], "kind": "order"}, "twice"),
            (v.ClaimChanges, {"fields": ["kind"], "kind": "order", "parties": ["A"]}, "not named in fields"),
            (v.ClaimChanges, {"reference": "c-1"}, "reference"),
            (v.IncidentChanges, {"title": None}, "can be replaced, not removed"),
            (v.IncidentChanges, {"fields": ["title", "title"], "title": "T"}, "twice"),
            (v.IncidentChanges, {"fields": ["title"], "title": "T", "summary": "S"}, "not named in fields"),
        ],
    )
    def test_changes_say_what_they_mean(self, kind: type[BaseModel], fields: dict[str, object], match: str) -> None:
        refused(kind, match, **fields)


class TestNames:
    def test_an_importer_may_put_names_in_place_of_ids(self) -> None:
        numbers = {("claim", "c-1"): uid(31), ("report", "r-1"): uid(21)}
        context = {"names": lambda kind, name: numbers[kind, name]}
        read = v.LeftOut.model_validate({"claim": "c-1", "why": "earlier"}, context=context)
        assert read.claim == uid(31)

    def test_nobody_else_may(self) -> None:
        refused(v.LeftOut, "claim", claim="c-1", why="earlier")
