"""Series thinned for a chart, UTC hours and civil days, against values computed row by row here."""

import io
import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyarrow import csv

START = datetime(2026, 6, 1, tzinfo=UTC)


def send(client, values, *, start=START, step=timedelta(hours=1), name="meter"):
    times = [(start + i * step).isoformat() for i in range(len(values))]
    told = client.post("/api/v1/observations", json={"datastream": name, "time": times, "value": values})
    assert told.json()["rows"] == len(values), told.text


def test_series_then_each_bucket_has_the_extremes_mean_and_count_of_its_rows(served):
    client, rng = served.client("read", "write"), random.Random(7)
    id_ = served.make(client)
    values = [rng.uniform(-5, 5) for _ in range(1000)]
    send(client, values, step=timedelta(minutes=7))
    end = START + timedelta(days=4)
    query = {"datastream": "meter", "start": START.isoformat(), "end": end.isoformat(), "points": 37}
    got = client.get("/api/v1/series", params=query).json()
    width = (end - START) / 37
    buckets = {}
    for i, value in enumerate(values):
        at = i * timedelta(minutes=7)
        if at < end - START:
            buckets.setdefault(at // width, []).append(value)
    assert got["datastream"] == [id_] * len(buckets) and got["units"] == {id_: "L/s"}
    assert got["min"] == [min(b) for b in buckets.values()] and got["max"] == [max(b) for b in buckets.values()]
    assert got["count"] == [len(b) for b in buckets.values()] and sum(got["count"]) == sum(
        i * 7 < 4 * 24 * 60 for i in range(1000)
    )
    assert got["mean"] == pytest.approx([sum(b) / len(b) for b in buckets.values()])
    starts = [datetime.fromisoformat(t) for t in got["time"]]
    assert starts == [START + timedelta(microseconds=-(-n * 345_600_000_000 // 37)) for n in buckets]
    assert got["bucket_s"] == pytest.approx(width / timedelta(seconds=1))


def test_series_without_a_span_then_of_all_good_rows_that_stand_and_gaps_stay_gaps(served):
    client = served.client("read", "write")
    served.make(client)
    send(client, [1.0, 2.0, 9.0])
    send(client, [4.0], start=START + timedelta(hours=9))
    send(client, [3.0], start=START + timedelta(hours=2))  # a correction: the later row stands
    bad = {"datastream": "meter", "time": (START + timedelta(hours=1)).isoformat(), "value": 99.0, "quality": 3}
    client.post("/api/v1/observations", json=[bad])
    got = client.get("/api/v1/series", params={"datastream": "meter", "points": 10}).json()
    assert (got["max"], got["count"]) == ([1.0, 3.0, 4.0], [1, 1, 1])
    assert [got["start"], got["end"]] == ["2026-06-01T00:00:00Z", "2026-06-01T10:00:00Z"]
    arrow = client.get("/api/v1/series", params={"datastream": "meter", "points": 10, "format": "arrow"})
    assert pa.ipc.open_stream(arrow.content).read_all()["max"].to_pylist() == [1.0, 3.0, 4.0]
    text = client.get("/api/v1/series", params={"datastream": "meter", "points": 10, "format": "csv"})
    assert csv.read_csv(io.BytesIO(text.content))["max"].to_pylist() == [1.0, 3.0, 4.0]


def test_series_hours_and_days_of_a_stream_without_rows_then_empty(served):
    client = served.client("read", "write")
    served.make(client)
    for path in ("series", "hours", "days"):
        got = client.get(f"/api/v1/{path}", params={"datastream": "meter"})
        assert got.status_code == 200 and got.json()["mean"] == [], got.text


def test_days_over_the_change_of_clocks_then_23_and_25_hours(folder, request):
    zone, toml = "Europe/London", folder / "city.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("Asia/Shanghai", zone), encoding="utf-8")
    served = request.getfixturevalue("served")
    client = served.client("read", "write")
    served.make(client)
    send(client, [1.0] * 72, start=datetime(2026, 3, 28, tzinfo=UTC))
    send(client, [2.0] * 73, start=datetime(2026, 10, 23, 23, tzinfo=UTC))
    got = client.get("/api/v1/days", params={"datastream": "meter"}).json()
    by_day = {d: (h, n, s) for d, h, n, s in zip(got["day"], got["hours"], got["count"], got["sum"], strict=True)}
    assert by_day["2026-03-29"] == (23, 23, 23.0) and by_day["2026-10-25"] == (25, 25, 50.0)
    assert by_day["2026-03-28"] == (24, 24, 24.0) and got["timezone"] == zone
    hours = client.get("/api/v1/hours", params={"datastream": "meter", "end": "2026-03-29T00:00:00Z"}).json()
    assert len(hours["time"]) == 24 and hours["time"][1] == "2026-03-28T01:00:00Z" and hours["sum"] == [1.0] * 24


@pytest.mark.parametrize("path", ["series", "hours", "days"])
def test_charts_of_rows_at_absurd_times_and_sizes_then_an_answer_or_a_refusal(served, path):
    client = served.client("read", "write")
    served.make(client)
    rows = [("0002-01-01T00:00:00Z", 1.7e308), ("9998-01-01T00:00:00Z", -1.7e308), ("9998-01-01T01:00:00Z", -1.7e308)]
    for time, value in rows:
        client.post("/api/v1/observations", json=[{"datastream": "meter", "time": time, "value": value}])
    for query in (
        {},
        {"start": "9998-01-01T00:00:00Z"},
        {"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:00:00Z"},
    ):
        told = client.get(f"/api/v1/{path}", params={"datastream": "meter", **query})
        assert told.status_code in (200, 400), told.text


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [({}, 400, "datastream"), ({"datastream": "x"}, 404, "datastream"), ({"datastream": "meter", "points": 0}, 400, "points"),
     ({"datastream": "meter", "points": 20_001}, 400, "points"), ({"datastream": "meter", "start": "2026-06-01"}, 400, "start"),
     ({"datastream": "meter", "start": "2026-06-02T00:00:00Z", "end": "2026-06-01T00:00:00Z"}, 400, "end"),
     ({"datastream": "meter", "format": "xml"}, 400, "format")],
)  # fmt: skip
def test_series_with_a_query_that_is_none_then_refused_naming_the_parameter(served, query, status, where):
    client = served.client("read", "write")
    served.make(client)
    told = client.get("/api/v1/series", params=query)
    assert told.status_code == status and told.json()["error"]["where"] == where
