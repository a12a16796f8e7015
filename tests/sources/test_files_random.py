"""Random files: what is written comes back, and whatever the bytes, only errors of Cityloop leave."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cityloop.errors import CityloopError
from cityloop.settings import TimeSettings

_START = datetime(2020, 1, 1, tzinfo=UTC)
_ROWS = st.dictionaries(
    st.integers(0, 60_000), st.lists(st.none() | st.floats(-1e9, 1e9), min_size=2, max_size=2), min_size=1, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(
    rows=_ROWS,
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "Asia/Kolkata"]),
    size=st.integers(1, 9),
    quote=st.booleans(),
)
def test_arrivals_when_random_rows_are_written_then_the_same_values_come_back(reader_class, rows, zone, size, quote):
    from zoneinfo import ZoneInfo

    mark = '"' if quote else ""
    expected: dict[str, dict[datetime, float]] = {}
    lines = [f"time,{mark}a{mark},b"]
    for hour, cells in rows.items():
        when = _START + timedelta(hours=hour)
        written = ["" if v is None else repr(v) for v in cells]
        lines.append(
            f"{mark}{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}{mark},{written[0]},{mark}{written[1]}{mark}"
        )
        for label, value in zip("ab", cells, strict=True):
            if value is not None:
                expected.setdefault(label, {})[when] = value
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", size)
        reader = (
            reader_class(Path(folder)).series("a", "b").using(time=TimeSettings(("time",), "%Y-%m-%d %H:%M", zone=zone))
        )
        reader.write("f.csv", *lines)
        got = reader.read()
    assert got.rejected == []
    assert got.values.keys() == expected.keys()
    for label, series in expected.items():
        assert got.values[label] == pytest.approx(series, rel=1e-12, abs=0.0)


_CELLS = st.one_of(
    st.sampled_from(
        [
            "2026-01-01 00:00",
            "2026-01-01",
            "now",
            "NaN",
            "inf",
            "1.5",
            "1,5",
            '"',
            '""',
            "",
            "\r",
            "\0",
            "9e999",
            "2021-03-28 02:30",
        ]
    ),
    st.text(max_size=8),
    st.floats().map(repr),
)
_LINES = st.lists(st.lists(_CELLS, max_size=4).map(",".join), max_size=12)


@settings(max_examples=150, deadline=None)
@given(lines=_LINES, statistic=st.sampled_from(["mean", "instant", "counter"]), end=st.sampled_from(["\n", "\r\n", ""]))
@example(lines=["2026-01-01,1", "", "\r"], statistic="mean", end="")
@example(lines=["\x85,\u2028"], statistic="mean", end="\n")
def test_arrivals_when_lines_are_anything_then_each_is_taken_refused_or_blank_and_no_other_error_leaves(
    reader_class, lines, statistic, end
):
    with TemporaryDirectory() as folder:
        reader = reader_class(Path(folder)).using(time=TimeSettings(("time",), zone="Europe/Rome"))
        reader.series("a", statistic=statistic, unit="m3" if statistic == "counter" else "L/s")
        body = "\n".join(["time,a", *lines]) + end
        (Path(folder) / "f.csv").write_bytes(body.encode("utf-8", "replace"))
        got = reader.read()
        once_more = reader.read(cursor=got.cursor)
    assert once_more.rows == 0 or got.counts["waiting"]
    assert all(math.isfinite(v) for series in got.values.values() for v in series.values())
    if statistic != "counter":
        assert accounted(got) == filled(body.encode("utf-8", "replace").partition(b"\n")[2])


def filled(raw: bytes) -> int:
    """Lines that hold more than blanks and commas."""
    return len([line for line in raw.split(b"\n") if line.strip(b" \t\r,")])


def accounted(got) -> int:
    """Lines of a table with one series that were taken, refused, empty or a repeat."""
    return got.rows + len({r.position for r in got.rejected}) + got.counts["empty"] + got.counts["identical"]


@settings(max_examples=100, deadline=None)
@example(raw=b"\xef\xbb\xbf", encoding="utf-8")
@given(raw=st.binary(max_size=200), encoding=st.sampled_from(["utf-8", "gb18030", "latin-1"]))
def test_arrivals_when_bytes_are_anything_then_only_cityloop_errors_leave(reader_class, raw, encoding):
    with TemporaryDirectory() as folder:
        reader = reader_class(Path(folder)).using(encoding=encoding)
        (Path(folder) / "f.csv").write_bytes(b"time,a\n" + raw)
        try:
            got = reader.read()
        except CityloopError:
            return
    assert accounted(got) == filled(raw)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=200), suffix=st.sampled_from(["csv", "parquet", "xlsx", "xls", "ods"]))
def test_arrivals_when_whole_files_are_anything_then_only_cityloop_errors_leave(reader_class, raw, suffix):
    with TemporaryDirectory() as folder:
        (Path(folder) / f"f.{suffix}").write_bytes(raw)
        try:
            got = reader_class(Path(folder)).using(path=f"f.{suffix}").read()
        except CityloopError:
            return
    assert got.rows == 0
