"""The Python client against a real server: typed answers, the server's own errors, patience, and a light import."""

import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pyarrow as pa
import pytest

from cityloop.client import Client, Unreachable
from cityloop.client import client as calls
from cityloop.errors import Cancelled, CityloopError, Forbidden, InputError, RecordError, StoreBusy
from cityloop.records import Datastream, Problem, Thing
from cityloop.store import GroupWriter

START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def city(served):
    """A client with every right, and a Datastream `meter`."""
    served.make(served.client("write"))
    _, secret = served.service.store.keys.make("Ops", ("read", "write", "decide"), now=datetime.now(UTC))
    with Client(served.url, secret) as client:
        yield client


def rows(n, first=0):
    return [
        {"datastream": "meter", "time": (START + timedelta(hours=first + i)).isoformat(), "value": float(first + i)}
        for i in range(n)
    ]


def test_records_over_pages_then_each_as_its_noun_and_filtered(served, city):
    store, who = served.service.store, served.service.who
    store.put([Thing(id=f"my-city:thing:{i:04}", kind="lamp" if i % 2 else "tree", name=f"L{i}") for i in range(2500)])
    assert tuple(city.records(Thing)) == store.records(Thing, who)
    assert len(list(city.records(Thing, kind="lamp"))) == 1250
    assert list(city.records(Problem)) == []
    changed = msgspec.structs.replace(store.records(Thing, who)[0], name="new")
    store.put([changed])
    assert city.record(Thing, changed.id).name == "new"
    assert [t.version for t in city.versions(Thing, changed.id)] == [1, 2]


@pytest.mark.parametrize("form", ["rows", "columns", "arrow"])
def test_send_in_any_form_then_read_back_as_arrow_and_frame(city, form):
    times = [START + timedelta(hours=h) for h in range(3)]
    sent = {
        "rows": rows(3),
        "columns": {"datastream": "meter", "time": [t.isoformat() for t in times], "value": [0.0, 1.0, 2.0]},
        "arrow": pa.table({"datastream": ["meter"] * 3, "time": pa.array(times, pa.timestamp("us", "UTC")), "value": [0.0, 1.0, 2.0]}),
    }  # fmt: skip
    told = city.send(sent[form])
    assert (told.rows, told.rejected, told.seq) == (3, 0, 3)
    [stream] = city.records(Datastream, name="meter")
    got = city.observations("meter", start=START + timedelta(hours=1))
    assert got.table["value"].to_pylist() == [1.0, 2.0] and got.units == {stream.id: "L/s"} and len(got) == 2
    frame = got.frame()
    assert frame["time"].tolist() == times[1:] and frame["datastream"].tolist() == [stream.id] * 2
    assert city.latest().table["value"].to_pylist() == [2.0]
    assert city.series("meter", points=1).table["max"].to_pylist() == [2.0]
    assert city.hours("meter").table["count"].to_pylist() == [1, 1, 1]
    assert city.days("meter").frame()["sum"].sum() == 3.0


def test_send_and_read_more_than_one_body_holds_then_all_and_refused_rows_numbered_over_all(city, monkeypatch):
    monkeypatch.setattr(calls, "SEND_ROWS", 10)
    monkeypatch.setattr(calls, "READ_ROWS", 7)
    sent = rows(34)
    sent[3]["value"] = sent[25]["value"] = None
    told = city.send(sent)
    assert (told.rows, told.rejected, told.seq, [r.row for r in told.refused]) == (32, 2, 32, [4, 26])
    assert city.observations("meter").table["value"].to_pylist() == [float(i) for i in range(34) if i not in (3, 25)]


def test_send_while_too_much_waits_then_sent_again_until_it_is_taken_or_patience_ends(served, city):
    service = served.service
    service.writer.close()
    service.writer = GroupWriter(service.store, most_waiting=4)
    key = service.store.keys.make("hasty", ("write",), now=datetime.now(UTC))[1]
    told = []
    with service.store.observations._writing:  # the disk is busy
        first = threading.Thread(target=lambda: told.append(city.send(rows(4))))
        first.start()
        while service.writer.waiting < 4:
            time.sleep(0.001)
        with Client(served.url, key, patience_s=0.1) as hasty, pytest.raises(StoreBusy, match="Too many observations"):
            hasty.send(rows(4, 4))
        second = threading.Thread(target=lambda: told.append(city.send(rows(4, 4))))
        second.start()
        time.sleep(0.5)
    first.join()
    second.join()
    assert [t.rows for t in told] == [4, 4] and len(city.observations("meter")) == 8


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [(lambda c: c.record(Thing, "my-city:thing:x"), RecordError, "No such Thing"), (lambda c: c.observations("metre"), RecordError, "No such datastream"),
     (lambda c: list(c.records(Thing, colour="red")), InputError, "No such filter"), (lambda c: c.decide("x", "approve"), RecordError, "x"),
     (lambda c: c.job("x"), RecordError, "No such job"), (lambda c: next(c.events(after="9-9999")), RecordError, "has not come"),
     (lambda c: c.observations(), InputError, "No datastream"), (lambda c: c.series("meter", start=datetime(2026, 1, 1)), InputError, "without a zone"),
     (lambda c: c.send([{"datastream": 1}]), InputError, "body")],
)  # fmt: skip
def test_refusal_then_the_error_that_the_server_told(city, call, kind, said):
    with pytest.raises(kind, match=said) as raised:
        call(city)
    assert raised.value.what


def test_refusal_of_a_key_then_forbidden_with_the_cure(served):
    with Client(served.url, "clk_x_y") as stranger, pytest.raises(Forbidden, match="Bearer"):
        stranger.latest()
    key = served.service.store.keys.make("reader", ("read",), now=datetime.now(UTC))[1]
    with Client(served.url, key) as reader, pytest.raises(Forbidden) as raised:
        reader.send(rows(1))
    assert raised.value.allowed == "write"


def test_no_server_or_no_address_then_told_with_the_cure(city):
    with Client("http://127.0.0.1:9", "k") as client, pytest.raises(Unreachable, match="cityloop serve"):
        client.jobs()
    with pytest.raises(InputError, match="Not the address"):
        Client("127.0.0.1:8440", "k")


def test_what_if_and_turn_then_the_records_by_step_and_progress(served, city):
    city.send(rows(1))
    before, seen = served.service.store.stamp(), []
    job = city.what_if(progress=lambda share, step: seen.append(share))
    assert job.state == "done" and job.result is not None and not job.result.committed
    assert served.service.store.stamp() == before and all(0 <= share <= 1 for share in seen)
    turned = city.turn(START + timedelta(hours=1))
    assert turned.result.committed and turned.result.now == START + timedelta(hours=1)
    assert turned.result.records() == [r for made in turned.result.steps.values() for r in made]
    assert [j.kind for j in city.jobs()] == ["turn", "what-if"] and city.job(job.id).result == job.result
    assert city.wait(city.turn(START + timedelta(hours=2), wait=False).id).state == "done"


def test_job_that_fails_or_is_cancelled_then_raised(served, city):
    def fails(progress):
        raise RecordError("Nothing to plan.", cure="Take observations first.")

    gate = threading.Event()

    def waits(progress):
        while not gate.wait(0.01):
            progress(0.5, "plan")

    def stop(share, step):
        raise Cancelled("enough")

    with pytest.raises(CityloopError, match="Take observations first"):
        city.wait(served.service.jobs.start("turn", "Ops", fails).id)
    with pytest.raises(Cancelled):
        city.wait(served.service.jobs.start("turn", "Ops", waits).id, progress=stop)


def test_events_then_one_by_one_and_on_from_an_id(served, city):
    stream = city.events(after="0-0")
    seen = [next(stream)]
    city.send(rows(2))
    while seen[-1].kind != "rows":
        seen.append(next(stream))
    assert (seen[-1].first, seen[-1].last) == (1, 2)
    assert any((e.noun, e.version) == ("Datastream", 1) for e in seen)
    stream.close()
    again = city.events(after=seen[2].id)
    assert [next(again) for _ in seen[3:]] == seen[3:]
    again.close()


def test_events_over_a_restart_of_the_server_then_none_is_lost_or_told_twice(start):
    process, seen = start(), []
    new = {"name": "meter", "thing_kind": "pipe", "thing_name": "P1", "observed_property": "water_flow"}
    httpx.post(
        f"{process.url}/api/v1/datastreams",
        json=new,
        headers={"Authorization": f"Bearer {process.secret}"},
        trust_env=False,
    )
    with Client(process.url, process.secret) as city:

        def listen():
            for event in city.events(after="0-0"):
                seen.append(event)
                if event.kind == "rows" and event.last == 2:
                    return

        city.send(rows(1))
        reader = threading.Thread(target=listen)
        reader.start()
        while not any(e.kind == "rows" for e in seen):
            assert reader.is_alive()
            time.sleep(0.02)
        process.popen.kill()
        process.popen.wait()
        again = start(secret=process.secret, port=int(process.url.rpartition(":")[2]))
        city.send(rows(1, 1))
        reader.join(timeout=20)
    assert again.popen.poll() is None and not reader.is_alive()
    assert [(e.first, e.last) for e in seen if e.kind == "rows"] == [(1, 1), (2, 2)]
    ids = [e.stamp for e in seen if e.kind == "record"]
    assert len(ids) == len(set(ids))


def test_import_then_neither_pandas_nor_a_simulator_nor_the_store_is_loaded():
    heavy = ("pandas", "wntr", "scipy", "duckdb", "pyarrow", "pandapower", "cityloop.store", "cityloop.web")
    code = f"import sys, cityloop.client; print([m for m in {heavy} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
