"""Observations in and out: every form, every reason for a refusal, sizes, packing, and what a kill leaves."""

import gzip
import io
import json
import math
import threading
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from cityloop.store import GroupWriter
from cityloop.web import app as web_app

START = datetime(2026, 6, 1, tzinfo=UTC)
N = 6
TIMES = [(START + timedelta(hours=h)).isoformat() for h in range(N)]
VALUES = [1.0, 2.5, -3.0, 0.0, 1e-9, 5.25]
URL = "/api/v1/observations"


def packed(form, name):
    """The same six observations in each form: body and media type."""
    if form == "json_rows":
        rows = [{"datastream": name, "time": t, "value": v} for t, v in zip(TIMES, VALUES, strict=True)]
        return json.dumps(rows).encode(), "application/json"
    if form == "json_columns":
        return json.dumps({"datastream": name, "time": TIMES, "value": VALUES}).encode(), "application/json"
    table = pa.table({"datastream": [name] * N, "time": TIMES, "value": VALUES})
    sink = io.BytesIO()
    if form == "csv":
        csv.write_csv(table, sink)
        return sink.getvalue(), "text/csv"
    table = table.set_column(
        1, "time", pa.array([START + timedelta(hours=h) for h in range(N)], pa.timestamp("ms", "Asia/Shanghai"))
    )
    if form == "parquet":
        pq.write_table(table, sink)
        return sink.getvalue(), "application/vnd.apache.parquet"
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue(), "application/vnd.apache.arrow.stream"


def post(client, body, media="application/json", **headers):
    return client.post(URL, content=body, headers={"Content-Type": media, **headers})


@pytest.mark.parametrize("form", ["json_rows", "json_columns", "csv", "arrow", "parquet"])
@pytest.mark.parametrize("packing", ["", "gzip", "zstd"])
def test_post_in_any_form_then_read_back_equal(served, form, packing):
    client = served.client("read", "write")
    id_ = served.make(client)
    body, media = packed(form, "meter")
    headers = {}
    if packing:
        body = gzip.compress(body) if packing == "gzip" else bytes(pa.compress(body, codec="zstd", asbytes=True))
        headers = {"Content-Encoding": packing}
    told = post(client, body, media, **headers)
    assert told.json() == {"rows": N, "rejected": 0, "seq": N, "refused": []}, told.text
    got = client.get(URL, params={"datastream": id_}).json()
    assert got["value"] == VALUES and [datetime.fromisoformat(t) for t in got["time"]] == [
        START + timedelta(hours=h) for h in range(N)
    ]
    assert got["units"] == {id_: "L/s"}


def test_post_with_bad_rows_then_the_good_ones_stay_and_each_bad_one_is_named_and_quarantined(served):
    client = served.client("read", "write", name="SCADA")
    served.make(client)
    rows = [
        {"datastream": "meter", "time": TIMES[0], "value": 1.0},
        {"datastream": "metre", "time": TIMES[1], "value": 1.0},
        {"datastream": "meter", "time": "2026-06-01T08:00:00", "value": 1.0},
        {"datastream": "meter", "time": TIMES[2], "value": None},
        {"datastream": "meter", "time": TIMES[3], "value": 1.0, "quality": 7},
        {"datastream": "meter", "time": "yesterday", "value": 1.0},
        {"datastream": "meter", "time": TIMES[4], "value": 2.0, "quality": 1},
    ]
    told = post(client, json.dumps(rows)).json()
    assert (told["rows"], told["rejected"]) == (2, 5)
    assert [r["row"] for r in told["refused"]] == [2, 3, 4, 5, 6]
    assert "did you mean 'meter'" in told["refused"][0]["reason"] and "offset" in told["refused"][1]["reason"]
    kept = served.service.store.quarantine(served.service.who)
    assert kept["source"].to_pylist() == ["http:SCADA"] * 5 and "metre" in kept["raw"][0].as_py()
    got = client.get(URL, params={"datastream": "meter"}).json()
    assert (got["value"], got["quality"]) == ([1.0, 2.0], [0, 1])


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"", "application/json", 400), (b"{", "application/json", 400), (b'[{"datastream": 1}]', "application/json", 400),
        (b"[" * 100_000, "application/json", 400), (b'{"a":' * 50_000, "application/json", 400),
        (b'{"time": ["x"], "value": [], "datastream": "m"}', "application/json", 400),
        (b'[{"datastream":"m","time":"2026-06-01T00:00:00Z","value":1e999}]', "application/json", 400),
        (b"\xff\xfe\x00", "application/json", 400), (b"no arrow", "application/vnd.apache.arrow.stream", 400),
        (b"PAR1", "application/vnd.apache.parquet", 400), (b"a,b\n1,2\n", "text/csv", 400), (b"", "text/csv", 400),
        (b"<x/>", "application/xml", 415), (b"x", "", 415),
    ],
)  # fmt: skip
def test_post_of_a_body_that_is_none_then_refused_with_why_and_nothing_kept(served, body, media, status):
    client = served.client("write")
    told = post(client, body, media)
    assert told.status_code == status, told.text
    assert told.json()["error"]["what"] and served.service.store.seq() == 0


def test_post_of_hostile_numbers_then_refused_row_by_row(served):
    client = served.client("write", "read")
    served.make(client)
    table = pa.table(
        {
            "datastream": ["meter"] * 4,
            "time": [*TIMES[:3], "+262143-01-01T00:00:00Z"],
            "value": [math.nan, math.inf, 1.0, 1.0],
        }
    )
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    told = post(client, sink.getvalue(), "application/vnd.apache.arrow.stream").json()
    assert (told["rows"], [r["row"] for r in told["refused"]]) == (1, [1, 2, 4])


def test_post_that_unpacks_beyond_the_cap_then_413_and_memory_stays(served, monkeypatch):
    monkeypatch.setattr(web_app, "MOST_BODY", 1 << 20)
    client = served.client("write")
    bomb = gzip.compress(b" " * (50 << 20))
    assert len(bomb) < 1 << 20
    assert post(client, bomb, **{"Content-Encoding": "gzip"}).status_code == 413
    assert post(client, b" " * (2 << 20)).status_code == 413
    assert post(client, b"no gzip", **{"Content-Encoding": "gzip"}).status_code == 400
    assert post(client, b"x", **{"Content-Encoding": "br"}).status_code == 415


def test_post_that_takes_too_long_then_408(served, monkeypatch):
    monkeypatch.setattr(web_app, "BODY_S", 0.2)
    client, gate = served.client("write"), threading.Event()

    def slow():
        yield b"["
        gate.wait(2)
        yield b"]"

    assert client.post(URL, content=slow(), headers={"Content-Type": "application/json"}).status_code == 408
    gate.set()


def test_post_while_too_much_waits_then_429_with_when_to_come_back(served):
    client = served.client("write", "read")
    served.make(client)
    body, media = packed("json_columns", "meter")
    service = served.service
    service.writer.close()
    service.writer = GroupWriter(service.store, most_waiting=N)
    with service.store.observations._writing:  # the disk is busy
        waiting = threading.Thread(target=post, args=(client, body, media))
        waiting.start()
        while service.writer.waiting < N:
            pass
        told = post(served.client("write"), body, media)
    waiting.join()
    assert told.status_code == 429 and told.headers["Retry-After"] == "1"
    assert len(client.get(URL, params={"datastream": "meter"}).json()["value"]) == N


def test_get_pages_then_every_row_once(served):
    client = served.client("write", "read")
    served.make(client)
    post(client, *packed("json_columns", "meter"))
    seen, start = [], ""
    for _ in range(10):
        query = {"datastream": "meter", "limit": 4} | ({"start": start} if start else {})
        page = client.get(URL, params=query).json()
        seen += page["value"]
        start = page["next"]
        if not start:
            break
    assert seen == VALUES


def test_get_as_csv_and_arrow_then_the_same_rows(served):
    client = served.client("write", "read")
    served.make(client)
    post(client, *packed("json_columns", "meter"))
    stream = client.get(URL, params={"datastream": "meter", "format": "arrow"})
    table = pa.ipc.open_stream(stream.content).read_all()
    text = client.get(URL, params={"datastream": "meter", "format": "csv"})
    assert table["value"].to_pylist() == VALUES and text.headers["content-type"].startswith("text/csv")
    assert csv.read_csv(io.BytesIO(text.content))["value"].to_pylist() == VALUES
    latest = client.get("/api/v1/latest").json()
    assert (latest["value"], latest["seq"]) == ([VALUES[-1]], [N])


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [({}, 400, "datastream"), ({"datastream": "x"}, 404, "datastream"), ({"datastream": "meter", "start": "2026-06-01"}, 400, "start"),
     ({"datastream": "meter", "limit": "0"}, 400, "limit"), ({"datastream": "meter", "limit": "²"}, 400, "limit"),
     ({"datastream": "meter", "format": "xml"}, 400, "format"), ({"datastream": "meter", "end": "9999-12-31T23:59:59-14:00"}, 400, "end")],
)  # fmt: skip
def test_get_with_a_query_that_is_none_then_refused_naming_the_parameter(served, query, status, where):
    client = served.client("write", "read")
    served.make(client)
    told = client.get(URL, params=query)
    assert told.status_code == status and told.json()["error"]["where"] == where


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_server_killed_while_taking_then_what_it_acknowledged_is_there_once(start, seed):
    process = start()
    with process.client() as client:
        served_make = {"name": "meter", "thing_kind": "pipe", "thing_name": "P1", "observed_property": "water_flow"}
        assert client.post("/api/v1/datastreams", json=served_make).status_code == 201
    acknowledged: list[int] = []
    stop = threading.Event()

    def send(number):
        with process.client() as client:
            for i in range(1_000_000):
                if stop.is_set():
                    return
                hour = number + 4 * i
                row = {
                    "datastream": "meter",
                    "time": (START + timedelta(minutes=hour)).isoformat(),
                    "value": float(hour),
                }
                try:
                    if client.post(URL, json=[row]).json()["rows"] == 1:
                        acknowledged.append(hour)
                except Exception:  # the server is gone
                    return

    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 30:
        stop.wait(0.01)
    stop.wait(0.1 + 0.3 * seed)
    process.popen.kill()
    stop.set()
    for thread in threads:
        thread.join()
    again = start(secret=process.secret)
    with again.client() as client:
        got = client.get(URL, params={"datastream": "meter", "limit": 1_000_000}).json()
    assert len(acknowledged) > 20 and set(acknowledged) <= set(got["value"])
    assert len(got["value"]) == len(set(got["value"])) and len(got["value"]) <= len(acknowledged) + 4
