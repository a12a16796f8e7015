"""The loop over HTTP: records with pages and versions, decisions, turns as jobs, and the document of it all."""

import json
import re
import time
from datetime import UTC, datetime

import msgspec

from cityloop.records import Thing, from_json, record_id
from cityloop.web.openapi import document
from cityloop.web.table import ROUTES


def ended(client, id_):
    for _ in range(600):
        job = client.get(f"/api/v1/jobs/{id_}").json()
        if job["ended"]:
            return job
        time.sleep(0.05)
    raise AssertionError("the job does not end")


def test_records_by_pages_then_every_record_once_as_it_is_stored(served):
    client, service = served.client("read"), served.service
    service.store.put([Thing(id=f"my-city:thing:{i:03}", kind="lamp", name=f"L{i}") for i in range(25)])
    seen, after = [], ""
    while after is not None:
        page = client.get("/api/v1/records/Thing", params={"kind": "lamp", "limit": 10, "after": after}).json()
        seen += page["records"]
        after = page["next"]
    expected = [r for r in service.store.records(Thing, service.who) if r.kind == "lamp"]
    assert [from_json(json.dumps(r)) for r in seen] == expected and len(expected) == 25


def test_records_with_an_unknown_noun_filter_or_id_then_told_what_there_is(served):
    client = served.client("read")
    assert "Problem" in client.get("/api/v1/records/Nothing").json()["error"]["allowed"]
    told = client.get("/api/v1/records/Thing", params={"colour": "red"})
    assert told.status_code == 400 and "kind" in told.json()["error"]["allowed"]
    assert client.get("/api/v1/records/Thing/x").status_code == 404
    assert client.get("/api/v1/records/Thing/x/versions").status_code == 404


def test_versions_of_a_record_then_the_oldest_first(served):
    client, store = served.client("read"), served.service.store
    thing = Thing(id="my-city:thing:1", kind="lamp", name="L1")
    store.put([thing])
    store.put([msgspec.structs.replace(thing, name="L1 new")])
    got = client.get("/api/v1/records/thing/my-city:thing:1/versions").json()["records"]
    assert [(r["version"], r["name"]) for r in got] == [(1, "L1"), (2, "L1 new")]
    assert client.get("/api/v1/records/Thing/my-city:thing:1").json()["name"] == "L1 new"


def test_decision_about_nothing_then_409_with_the_cure(served):
    told = served.client("decide").post("/api/v1/decisions", json={"about": "x", "verb": "acknowledge"})
    assert told.status_code == 409 and told.json()["error"]["got"] == "x" and told.json()["error"]["cure"]


def test_what_if_and_turn_as_jobs_then_only_the_turn_is_kept(served):
    client = served.client("read", "write", "decide")
    served.make(client)
    row = {"datastream": "meter", "time": "2026-06-01T00:00:00Z", "value": 4.0}
    client.post("/api/v1/observations", json=[row])
    store = served.service.store
    before = store.stamp()
    asked = client.post("/api/v1/turns", json={"commit": False})
    assert asked.status_code == 202 and asked.headers["Location"].endswith(asked.json()["id"])
    job = ended(client, asked.json()["id"])
    assert job["state"] == "done" and job["result"]["committed"] is False, job
    assert store.stamp() == before and store.open_turn() is None
    job = ended(client, client.post("/api/v1/turns", json={"now": "2026-06-02T00:00:00Z"}).json()["id"])
    assert job["state"] == "done" and job["result"]["committed"] is True
    assert store.turn_steps(job["result"]["turn"]) == ("problem", "goal", "countermeasure", "plan", "verification")
    assert [j["kind"] for j in client.get("/api/v1/jobs").json()] == ["turn", "what-if"]


def test_job_cancelled_before_it_begins_then_it_never_runs(served):
    client = served.client("read", "decide")
    ran = []
    with served.service.deciding:
        first = served.service.jobs.start(
            "wait", "test", lambda progress: served.service.deciding.acquire() and served.service.deciding.release()
        )
        second = served.service.jobs.start("never", "test", lambda progress: ran.append(1))
        assert client.delete(f"/api/v1/jobs/{second.id}").status_code == 202
    assert ended(client, first.id)["state"] == "done"
    assert ended(client, second.id)["state"] == "cancelled" and not ran
    assert client.delete(f"/api/v1/jobs/{second.id}").status_code == 409
    assert client.delete("/api/v1/jobs/x").status_code == 404


def test_datastream_made_twice_then_one_and_bad_ones_are_refused(served):
    client = served.client("read", "write")
    assert served.make(client) == served.make(client)
    for wrong in ({"observed_property": "colour"}, {"step_s": 0}, {"name": " "}, {"statistic": "median"}):
        new = {"name": "a", "thing_kind": "pipe", "thing_name": "P1", "observed_property": "water_flow", **wrong}
        assert client.post("/api/v1/datastreams", json=new).status_code == 400
    thing = record_id(served.service.city.settings.id, "thing", "pipe", "P1")
    assert client.get(f"/api/v1/records/Thing/{thing}").json()["name"] == "P1"


def test_document_then_it_names_every_route_and_every_reference_leads_somewhere(served):
    client = served.client()
    told = client.get("/openapi.json").json()
    assert told == json.loads(json.dumps(document())) and told["openapi"] == "3.1.0"
    listed = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert listed == {(r.method, r.path.replace(":path", "")) for r in ROUTES}
    ids = [m["operationId"] for methods in told["paths"].values() for m in methods.values()]
    assert len(ids) == len(set(ids))
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(told)):
        assert name in told["components"]["schemas"]


def test_viewer_then_it_loads_nothing_from_elsewhere(served):
    page = served.client().get("/docs").text
    assert all(r.path in page for r in ROUTES)
    assert "http://" not in page and "https://" not in page and "<script" not in page


def test_stop_then_the_city_is_free_and_what_was_accepted_is_there(start):
    process = start()
    with process.client() as client:
        new = {"name": "meter", "thing_kind": "pipe", "thing_name": "P1", "observed_property": "water_flow"}
        client.post("/api/v1/datastreams", json=new)
        row = {"datastream": "meter", "time": datetime(2026, 6, 1, tzinfo=UTC).isoformat(), "value": 4.0}
        assert client.post("/api/v1/observations", json=[row]).json()["rows"] == 1
    process.popen.terminate()
    assert process.popen.wait(timeout=30) in (0, -15)
    again = start(secret=process.secret)
    with again.client() as client:
        assert client.get("/api/v1/latest").json()["value"] == [4.0]


def test_serve_beyond_loopback_without_tls_then_refused(folder, monkeypatch):
    import pytest

    from cityloop.errors import InputError
    from cityloop.web.server import Address

    for host in ("0.0.0.0", "::", "city.example", "192.168.1.4"):
        with pytest.raises(InputError, match="in the clear"):
            Address(host)
    assert Address("::1").url == "http://[::1]:8440" and Address("localhost").loopback
    with pytest.raises(InputError, match="belong together"):
        Address(tls_cert=folder / "city.toml")


def test_metrics_after_some_answers_then_they_are_counted(served):
    client = served.client("read", "write")
    served.make(client)
    for hour in range(3):
        row = {"datastream": "meter", "time": f"2026-06-01T0{hour}:00:00Z", "value": 4.0}
        client.post("/api/v1/observations", json=[row])
    client.get("/api/v1/records/Thing/x")
    text = client.get("/metrics").text
    assert 'cityloop_answers_total{method="POST",route="/api/v1/observations",status="200"} 3.0' in text
    assert 'cityloop_answers_total{method="GET",route="/api/v1/records/{noun}/{id}",status="404"} 1.0' in text
    assert "cityloop_rows_written 3.0" in text and "cityloop_rows_waiting 0.0" in text
