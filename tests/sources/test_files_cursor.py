"""Going on where the last reading ended: appended, changed, unfinished and future rows, kills between arrivals."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cityloop.errors import InputError


def hours(first, last):
    start = datetime(2026, 1, 1)
    return [f"{start + timedelta(hours=h):%Y-%m-%d %H:%M},{h}" for h in range(first, last)]


def append(path, *lines, end="\n"):
    with path.open("ab") as file:
        file.write(("\n".join(lines) + end).encode())


def test_arrivals_when_nothing_changed_then_nothing_comes(reader):
    reader.write("f.csv", "time,a", *hours(0, 5))
    first = reader.read()
    assert reader.read(cursor=first.cursor).arrivals == []


def test_arrivals_when_lines_are_appended_then_only_they_come(reader):
    path = reader.write("f.csv", "time,a", *hours(0, 5), "bad,1")
    first = reader.read()
    append(path, *hours(5, 7), "worse,1")
    second = reader.read(cursor=first.cursor)
    assert list(second.values["a"].values()) == [5.0, 6.0]
    assert (first.reasons(), second.reasons()) == ([("f.csv:7", "time")], [("f.csv:10", "time")])


def test_arrivals_when_the_last_line_was_unfinished_then_its_final_form_wins(reader, utc):
    path = reader.write("f.csv", "time,a", *hours(0, 2), "2026-01-01 02:00,3.5", end="")
    first = reader.read()
    assert first.values["a"][utc(2026, 1, 1, 2)] == 3.5
    append(path, "625", *hours(3, 4))
    second = reader.read(cursor=first.cursor)
    assert second.values["a"] == {utc(2026, 1, 1, 2): 3.5625, utc(2026, 1, 1, 3): 3.0}


@pytest.mark.parametrize("keep_size", [True, False])
def test_arrivals_when_an_earlier_line_changed_then_the_file_is_read_again(reader, utc, keep_size):
    path = reader.write("f.csv", "time,a", *hours(0, 5))
    first = reader.read()
    text = path.read_text().replace("01:00,1\n", "01:00,7\n" if keep_size else "01:00,77\n")
    path.write_text(text)
    os.utime(path, ns=(1, 1))
    second = reader.read(cursor=first.cursor)
    assert second.values["a"][utc(2026, 1, 1, 1)] == (7.0 if keep_size else 77.0)
    assert len(second.values["a"]) == 5


def test_arrivals_when_only_the_modification_time_changed_then_nothing_comes_again(reader):
    path = reader.write("f.csv", "time,a", *hours(0, 5))
    first = reader.read()
    os.utime(path, ns=(1, 1))
    assert reader.read(cursor=first.cursor).rows == 0


def test_arrivals_when_a_file_was_cut_then_it_is_read_again(reader):
    path = reader.write("f.csv", "time,a", *hours(0, 5))
    first = reader.read()
    reader.write("f.csv", "time,a", *hours(10, 12))
    assert list(reader.read(cursor=first.cursor).values["a"].values()) == [10.0, 11.0]
    assert path.exists()


def test_arrivals_when_a_new_file_appears_then_only_it_is_read(reader):
    reader.write("1.csv", "time,a", *hours(0, 2))
    first = reader.read()
    reader.write("2.csv", "time,a", *hours(2, 4))
    assert list(reader.read(cursor=first.cursor).values["a"].values()) == [2.0, 3.0]


def test_arrivals_when_rows_lie_after_until_then_they_wait_and_come_when_their_interval_has_ended(reader, utc):
    reader.write("f.csv", "time,a", *hours(0, 5))
    first = reader.read(until=utc(2026, 1, 1, 2, 30))
    assert list(first.values["a"].values()) == [0.0, 1.0]
    assert first.counts["waiting"] == 3
    second = reader.read(cursor=first.cursor, until=utc(2026, 1, 1, 4))
    assert list(second.values["a"].values()) == [2.0, 3.0]
    third = reader.read(cursor=second.cursor, until=utc(2026, 1, 2))
    assert list(third.values["a"].values()) == [4.0]
    assert reader.read(cursor=third.cursor).arrivals == []


def test_arrivals_when_instants_are_read_then_one_at_until_is_taken(reader, utc):
    reader.series("a", statistic="instant").write("f.csv", "time,a", *hours(0, 5))
    assert list(reader.read(until=utc(2026, 1, 1, 2)).values["a"].values()) == [0.0, 1.0, 2.0]


def test_arrivals_when_a_turn_is_made_every_few_hours_then_all_rows_come_once_and_bad_ones_are_said_once(reader, utc):
    lines = hours(0, 48)
    lines.insert(30, "bad,1")
    lines.insert(10, "2026-01-01 03:00,NaN")
    reader.write("f.csv", "time,a", *lines)
    cursor, seen, said = "", [], []
    for step in range(0, 60, 5):
        got = reader.read(cursor=cursor, until=utc(2026, 1, 1) + timedelta(hours=step))
        cursor = got.cursor
        seen += list(got.values.get("a", {}).values())
        said += got.reasons()
    assert seen == [float(h) for h in range(48)]
    assert sorted(said) == [("f.csv:12", "number"), ("f.csv:33", "time")]


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_arrivals_when_a_line_waits_in_one_column_then_its_other_columns_come_once(reader, utc, suffix):
    import pandas as pd

    stamps = pd.date_range("2026-01-01", periods=30, freq="h")
    # The last hour stands first: whatever waits there holds back the place to go on at, not the lines after it.
    frame = pd.DataFrame({"time": stamps, "a": np.arange(30.0), "b": np.arange(30.0)}).iloc[[29, *range(29)]]
    path = reader.folder / f"f.{suffix}"
    {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}[suffix](path, index=False)
    reader.series("a", "b").using(path=f"f.{suffix}")
    reader.using(series=tuple(replace(s, statistic=k) for s, k in zip(reader.settings.series, ("instant", "mean"))))
    cursor, seen = "", {"a": [], "b": []}
    for hour in (3, 3, 7, 6, 12, 40):
        got = reader.read(cursor=cursor, until=utc(2026, 1, 1) + timedelta(hours=hour))
        cursor = got.cursor
        for name in seen:
            seen[name] += list(got.values.get(name, {}).values())
    assert sorted(seen["a"]) == sorted(seen["b"]) == [float(h) for h in range(30)]


def test_arrivals_when_a_line_after_one_that_waits_was_corrected_then_its_new_value_comes(reader, utc):
    path = reader.write("f.csv", "time,a", *hours(9, 10), *hours(0, 3))
    first = reader.read(until=utc(2026, 1, 1, 5))
    assert list(first.values["a"].values()) == [0.0, 1.0, 2.0]
    path.write_text(path.read_text().replace("01:00,1\n", "01:00,7\n"))
    os.utime(path, ns=(1, 1))
    second = reader.read(cursor=first.cursor, until=utc(2026, 1, 1, 5))
    assert second.values["a"][utc(2026, 1, 1, 1)] == 7.0


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_arrivals_when_killed_after_any_arrival_then_going_on_gives_the_same_rows(reader, monkeypatch, suffix):
    import pandas as pd

    monkeypatch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", 3)
    stamps = pd.date_range("2026-01-01", periods=20, freq="h")
    frame = pd.DataFrame({"time": stamps, "a": np.arange(20.0)})
    path = reader.folder / f"f.{suffix}"
    {"csv": frame.to_csv, "parquet": frame.to_parquet, "xlsx": frame.to_excel}[suffix](path, index=False)
    reader.using(path=f"f.{suffix}")
    whole = reader.read()
    assert len(whole.arrivals) == 8
    for killed_after in range(8):
        part = reader.read(stop_after=killed_after)
        rest = reader.read(cursor=part.cursor)
        assert part.rows + rest.rows == 20
        assert {**part.values.get("a", {}), **rest.values.get("a", {})} == whole.values["a"]


def test_arrivals_when_a_parquet_file_changed_then_it_is_read_again(reader, utc):
    import pandas as pd

    reader.using(path="f.parquet")
    cursor = ""
    for value in (1.0, 2.0):
        frame = pd.DataFrame({"time": [datetime(2026, 1, 1)], "a": [value]})
        frame.to_parquet(reader.folder / "f.parquet")
        got = reader.read(cursor=cursor)
        cursor = got.cursor
        assert got.values["a"] == {utc(2026, 1, 1): value}


def test_arrivals_when_cursor_is_no_cursor_then_input_error(reader):
    reader.write("f.csv", "time,a", *hours(0, 2))
    for wrong in ("{", "[]", '{"files":{"f.csv":{"x":1}},"registers":{}}', json.dumps({"files": 3, "registers": {}})):
        with pytest.raises(InputError, match="cursor"):
            reader.read(cursor=wrong)


def test_arrivals_when_read_then_no_piece_is_larger_than_the_promised_rows(reader, monkeypatch):
    monkeypatch.setattr("cityloop.sources.files.ROWS_PER_ARRIVAL", 10)
    reader.series("a", "b", "c").write("f.csv", "time,a,b,c", *(f"{line},1,2" for line in hours(0, 50)))
    got = reader.read()
    assert max(a.batch.num_rows for a in got.arrivals) <= 10
    assert got.rows == 150


def test_arrivals_when_source_is_asked_then_it_fits_the_contract(reader):
    from cityloop.contracts import Source

    source: Source = reader.source()
    reader.write("f.csv", "time,a", *hours(0, 1))
    assert source.name == "flow"
    assert [a.source for a in source.arrivals(cursors={}, until=datetime(2030, 1, 1, tzinfo=UTC))] == ["flow", "flow"]
