"""Vague dates: what is read, what is refused, and what is written of an interval. The oracle is the library undate."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from undate import Undate, UndateInterval

from domain.codes import Precision
from domain.edtf import BadEdtf, Span, parse, to_text
from domain.zones import UnknownZone, zone_of

DAY_END = timedelta(days=1) - timedelta(microseconds=1)
EAST = timezone(timedelta(hours=3))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


class TestReading:
    @pytest.mark.parametrize(
        ("text", "earliest", "latest", "precision"),
        [
            ("2024-08-06", utc(2024, 8, 6), utc(2024, 8, 6, 23, 59, 59, 999999), "day"),
            ("2024-08", utc(2024, 8, 1), utc(2024, 8, 31, 23, 59, 59, 999999), "month"),
            ("2023-12", utc(2023, 12, 1), utc(2023, 12, 31, 23, 59, 59, 999999), "month"),
            ("2024-02", utc(2024, 2, 1), utc(2024, 2, 29, 23, 59, 59, 999999), "month"),
            ("2024-08-XX", utc(2024, 8, 1), utc(2024, 8, 31, 23, 59, 59, 999999), "month"),
            ("2024", utc(2024, 1, 1), utc(2024, 12, 31, 23, 59, 59, 999999), "year"),
            ("2024-XX", utc(2024, 1, 1), utc(2024, 12, 31, 23, 59, 59, 999999), "year"),
            ("2024-XX-XX", utc(2024, 1, 1), utc(2024, 12, 31, 23, 59, 59, 999999), "year"),
            ("202X", utc(2020, 1, 1), utc(2029, 12, 31, 23, 59, 59, 999999), "unknown"),
            ("19XX", utc(1900, 1, 1), utc(1999, 12, 31, 23, 59, 59, 999999), "unknown"),
            ("2024-08-06T14:30", utc(2024, 8, 6, 14, 30), utc(2024, 8, 6, 14, 30, 59, 999999), "minute"),
            ("2024-08-06T14:30:59Z", utc(2024, 8, 6, 14, 30), utc(2024, 8, 6, 14, 30, 59, 999999), "minute"),
            ("2024-08-06T14:30+03:00", utc(2024, 8, 6, 11, 30), utc(2024, 8, 6, 11, 30, 59, 999999), "minute"),
            ("2024-08-06/2024-08-09", utc(2024, 8, 6), utc(2024, 8, 9, 23, 59, 59, 999999), "days"),
            ("2024-08-06/2024-08-06", utc(2024, 8, 6), utc(2024, 8, 6, 23, 59, 59, 999999), "day"),
            ("2024-07/2024-08", utc(2024, 7, 1), utc(2024, 8, 31, 23, 59, 59, 999999), "month"),
            ("2024-07/2024-08-06", utc(2024, 7, 1), utc(2024, 8, 6, 23, 59, 59, 999999), "unknown"),
            ("2024-08-06/..", utc(2024, 8, 6), None, "unknown"),
            ("2024-08-06/", utc(2024, 8, 6), None, "unknown"),
            ("../2024-08-06", None, utc(2024, 8, 6, 23, 59, 59, 999999), "unknown"),
        ],
    )
    def test_a_text_is_an_interval_with_a_precision(
        self, text: str, earliest: datetime | None, latest: datetime | None, precision: Precision
    ) -> None:
        assert parse(text) == Span(earliest, latest, precision, approximate=False, uncertain=False)

    @pytest.mark.parametrize(
        ("text", "approximate", "uncertain"),
        [
            ("2024-08-06~", True, False),
            ("2024-08?", False, True),
            ("2024%", True, True),
            ("2024-08-06~/2024-08-09", True, False),
            ("2024-08-06/2024-08-09?", False, True),
            ("../2024-08-09%", True, True),
        ],
    )
    def test_marks_say_how_certain_it_is(self, text: str, approximate: bool, uncertain: bool) -> None:
        span = parse(text)
        assert (span.approximate, span.uncertain) == (approximate, uncertain)

    def test_a_day_is_a_day_where_it_happened(self) -> None:
        span = parse("2024-08-06", EAST)
        assert (span.earliest, span.latest) == (utc(2024, 8, 5, 21), utc(2024, 8, 6, 20, 59, 59, 999999))

    @pytest.mark.parametrize("text", ["2024", "2024-08", "202X", "19XX", "2024-07/2024-08", "2024-08-06T14:30"])
    def test_so_is_every_other_date(self, text: str) -> None:
        there, here = parse(text, EAST), parse(text)
        for one, other in ((there.earliest, here.earliest), (there.latest, here.latest)):
            assert one is not None
            assert other is not None
            assert one == other - timedelta(hours=3)

    def test_a_day_on_which_the_clocks_change_has_its_own_length(self) -> None:
        span = parse("2024-03-31", zone_of("Europe/Kyiv"))
        assert span.earliest is not None
        assert span.latest is not None
        assert span.latest - span.earliest == timedelta(hours=23) - timedelta(microseconds=1)

    def test_a_zone_in_the_text_wins(self) -> None:
        assert parse("2024-08-06T14:30Z", EAST).earliest == utc(2024, 8, 6, 14, 30)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "..",
            "/",
            "../..",
            "yesterday",
            "2024-8-6",
            "24-08-06",
            "2024-13",
            "2024-21",
            "2024-02-30",
            "2023-02-29",
            "0000",
            "2024-00",
            "2024-08-06T24:00",
            "2024-08-06T12:60",
            "2024-08-06T12:00:60",
            "2024-08-06T12",
            "2024-08T12:00",
            "2024-08-06T12:00+25:00",
            "2024-XX-06",
            "202X-08",
            "20XX-XX",
            "2XXX",
            "2024-0X",
            "~2024",
            "2024-08-06~~",
            "2024-08-06/2024-08-09/2024-08-11",
            "2024-08-09/2024-08-06",
            "٢٠٢٤",
            "2024-08-06\n",
            "9999-12",
            "Y20240",
            "[2024,2025]",
            "2024-08-06/" + "." * 81,
        ],
    )
    def test_what_is_not_understood_is_refused(self, text: str) -> None:
        with pytest.raises(BadEdtf):
            parse(text)

    def test_a_date_that_is_none_in_utc_is_refused(self) -> None:
        with pytest.raises(BadEdtf):
            parse("0001-01-01", EAST)


class TestWriting:
    @pytest.mark.parametrize(
        "text", ["2024", "2024-08", "2024-08-06", "2024-08-06/2024-08-09", "2024-08-06T14:30Z", "2024-08-06/..", "0800"]
    )
    @pytest.mark.parametrize("mark", ["", "~", "?", "%"])
    def test_what_was_read_is_written_again(self, text: str, mark: str) -> None:
        marked = "/".join(end if end == ".." else end + mark for end in text.split("/"))
        assert to_text(parse(marked)) == marked

    def test_an_interval_is_written_in_the_days_of_its_zone(self) -> None:
        assert to_text(parse("2024-08-06", EAST)) == "2024-08-05/2024-08-06"
        assert to_text(parse("2024-08-06", EAST), EAST) == "2024-08-06"

    def test_hours_have_no_form_and_are_written_as_days(self) -> None:
        hour = Span(utc(2024, 8, 6, 14), utc(2024, 8, 6, 14, 59, 59), "hour", approximate=False, uncertain=False)
        assert to_text(hour) == "2024-08-06"

    def test_some_minutes_are_no_minute(self) -> None:
        some = Span(utc(2024, 8, 6, 14), utc(2024, 8, 6, 14, 10), "minute", approximate=False, uncertain=False)
        assert to_text(some) == "2024-08-06"

    def test_nothing_known_is_nothing_written(self) -> None:
        assert to_text(Span(None, None, "unknown", approximate=False, uncertain=False)) is None

    @pytest.mark.parametrize("edge", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    @pytest.mark.parametrize("hours", [-12, 12])
    def test_the_ends_of_the_calendar_can_be_written(self, edge: datetime, hours: int) -> None:
        zone = timezone(timedelta(hours=hours))
        assert to_text(Span(edge, edge, "day", approximate=False, uncertain=False), zone) is not None


years = st.integers(1, 9999).map("{:04}".format)
months = st.builds("{}-{:02}".format, years, st.integers(1, 12))
days = st.dates().map(date.isoformat)
unspecified = st.one_of(
    st.integers(0, 999).map("{:03}X".format),
    st.integers(0, 99).map("{:02}XX".format),
    years.map("{}-XX".format),
    years.map("{}-XX-XX".format),
    months.map("{}-XX".format),
)
dates = st.one_of(years, months, days)
marks = st.sampled_from(["", "~", "?", "%"])
singles = st.builds("{}{}".format, st.one_of(dates, unspecified), marks)


def interval_of(text: str) -> tuple[date, date]:
    """Return the first and last day that undate reads."""
    read = Undate.parse(text, "EDTF")
    assert isinstance(read, Undate)
    return date.fromisoformat(str(read.earliest)), date.fromisoformat(str(read.latest))


def readable(text: str) -> Span:
    try:
        return parse(text)
    except BadEdtf:  # the first and last century and month of the calendar have no whole interval
        assume(False)
        raise


@given(singles)
def test_a_date_is_read_as_undate_reads_it(text: str) -> None:
    assume("00" not in text[:2] and not text.startswith("9999-12"))
    span, (first, last) = parse(text), interval_of(text)
    assert span.earliest == datetime.combine(first, datetime.min.time(), UTC)
    assert span.latest == datetime.combine(last, datetime.min.time(), UTC) + DAY_END
    assert span.approximate == (text[-1] in "~%")
    assert span.uncertain == (text[-1] in "?%")


@given(dates, dates)
def test_an_interval_is_read_as_undate_reads_it(one: str, other: str) -> None:
    first, last = sorted((one, other))
    assume(not last.startswith(first))
    text = f"{first}/{last}"
    read = Undate.parse(text, "EDTF")
    span = readable(text)
    assert isinstance(read, UndateInterval)
    assert span.earliest is not None
    assert span.latest is not None
    assert str(read.earliest.earliest) == span.earliest.date().isoformat()
    assert str(read.latest.latest) == span.latest.date().isoformat()


@given(singles)
def test_what_is_written_is_read_as_the_same_interval(text: str) -> None:
    span = readable(text)
    written = to_text(span)
    assert written is not None
    again = parse(written)
    assert (again.earliest, again.latest) == (span.earliest, span.latest)
    assert (again.approximate, again.uncertain) == (span.approximate, span.uncertain)


moments = st.timedeltas(timedelta(0), timedelta(days=3_650_000)).map(lambda after: utc(2, 1, 1) + after)
PRECISIONS: tuple[Precision, ...] = ("minute", "hour", "part_of_day", "day", "days", "week", "month", "year", "unknown")


@given(
    st.none() | moments,
    st.none() | moments,
    st.sampled_from(PRECISIONS),
    st.sampled_from(["UTC", "Europe/Kyiv", "-05:00"]),
)
def test_what_is_written_holds_the_interval(
    one: datetime | None, other: datetime | None, precision: Precision, zone: str
) -> None:
    if one and other:
        one, other = min(one, other), max(one, other)
    written = to_text(Span(one, other, precision, approximate=False, uncertain=False), zone_of(zone))
    if written is None:
        assert one is other is None
        return
    span = parse(written, zone_of(zone))
    assert span.earliest is None if one is None else span.earliest is not None and span.earliest <= one
    assert span.latest is None if other is None else span.latest is not None and span.latest >= other


@given(st.text(alphabet="0123456789X-/.~?%T:Z+", max_size=24))
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        span = parse(text)
    except BadEdtf:
        return
    assert span.earliest or span.latest


class TestZones:
    @pytest.mark.parametrize("text", ["UTC", "Z", "Europe/Kyiv", "America/Argentina/Buenos_Aires", "+03:00", "-11:30"])
    def test_a_zone_is_a_name_or_an_offset(self, text: str) -> None:
        assert datetime(2024, 8, 6, tzinfo=zone_of(text)).utcoffset() is not None

    @pytest.mark.parametrize(
        "text", ["", "Mars/Phobos", "+25:00", "+3", "../etc/passwd", "/etc/localtime", "Europe", "a b"]
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownZone, match="not a time zone"):
            zone_of(text)
