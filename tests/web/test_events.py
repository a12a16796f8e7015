"""The stream of events: order, replay from any id, signs of life, slow readers, and the end of the server."""

import json
import socket
import threading
import time
from contextlib import contextmanager

import msgspec
import pytest

from cityloop.records import Thing
from cityloop.web import connection, events

URL = "/api/v1/events"


def thing(n, name="L"):
    return Thing(id=f"my-city:thing:{n}", kind="lamp", name=f"{name}{n}")


def row(hour, value=4.0):
    return {"datastream": "meter", "time": f"2026-06-01T{hour:02}:00:00Z", "value": value}


@contextmanager
def listening(client, **given):
    """An iterator over (event, id, data) of a stream; comments give ("", "", text), the first block ("place", id, {})."""
    headers = {"Last-Event-ID": given.pop("last")} if "last" in given else {}
    with client.stream("GET", URL, params=given, headers=headers) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")

        def blocks():
            block = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    block[name] = value
                    continue
                kind = block.get("event", "place" if "id" in block else "")
                yield kind, block.get("id", ""), json.loads(block["data"]) if "data" in block else block.get("", "")
                block = {}

        yield blocks()


def test_stream_from_the_start_then_records_and_rows_in_the_order_of_writing(served):
    client = served.client("read", "write")
    id_ = served.make(client)
    client.post("/api/v1/observations", json=[row(0), row(1), row(2)])
    seen = []
    with listening(client, after="0-0") as stream:
        assert next(stream)[:2] == ("place", "0-0")
        for kind, place, data in stream:
            seen.append((kind, place, data))
            if kind == "rows":
                break
    kind, place, data = seen[-1]
    assert data == {"from": 1, "to": 3}
    stamps = [data["stamp"] for kind, _, data in seen if kind == "record"]
    assert stamps == list(range(1, served.service.store.stamp() + 1))
    assert any(d["id"] == id_ and d["noun"] == "Datastream" and d["version"] == 1 for k, _, d in seen if k == "record")
    places = [tuple(map(int, p.split("-"))) for _, p, _ in seen]
    assert places == sorted(places) and len(set(places)) == len(places)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(places, places[1:]))


def test_stream_from_now_then_only_what_is_new_at_once(served):
    client, store = served.client("read", "write"), served.service.store
    served.make(client)
    with listening(client) as stream:
        _, place, _ = next(stream)
        assert place == f"{store.stamp()}-{store.seq()}"
        began = time.monotonic()
        store.put([thing(1)])
        kind, _, data = next(stream)
        assert kind == "record" and data["id"] == thing(1).id and time.monotonic() - began < 5
        client.post("/api/v1/observations", json=[row(0)])
        assert next(stream)[0::2] == ("rows", {"from": 1, "to": 1})
        store.put([msgspec.structs.replace(thing(1), name="new")])
        assert next(stream)[2]["version"] == 2


@pytest.mark.parametrize("by", ["last", "after"])
def test_stream_from_any_id_then_what_comes_after_it_and_nothing_twice(served, by, monkeypatch):
    monkeypatch.setattr(events, "BLOCK", 7)
    client, store = served.client("read", "write"), served.service.store
    served.make(client)
    for n in range(20):
        store.put([thing(n)])
        if n % 5 == 0:
            client.post("/api/v1/observations", json=[row(n)])
    end = f"{store.stamp()}-{store.seq()}"

    def read(place, most=1000):
        seen = []
        with listening(client, **{by: place}) as stream:
            next(stream)
            for _, id_, data in stream:
                seen.append((id_, data))
                if id_ == end or len(seen) == most:
                    return seen
        return seen

    whole = read("0-0")
    for cut in (1, 6, 7, 8, len(whole) - 1):
        head = read("0-0", most=cut)
        assert head == whole[:cut] and read(head[-1][0]) == whole[cut:]


def test_stream_over_a_restart_then_an_old_id_goes_on(start):
    process = start()
    new = {"name": "meter", "thing_kind": "pipe", "thing_name": "P1", "observed_property": "water_flow"}
    with process.client() as client:
        with listening(client) as stream:
            _, place, _ = next(stream)
        client.post("/api/v1/datastreams", json=new)
        client.post("/api/v1/observations", json=[row(0), row(1)])
    process.popen.kill()
    process.popen.wait()
    again = start(secret=process.secret)
    with again.client() as client, listening(client, last=place) as stream:
        next(stream)
        seen = []
        for kind, _, data in stream:
            seen.append(data.get("noun", kind))
            if kind == "rows":
                break
        assert {"Thing", "Sensor", "Datastream"} <= set(seen) and seen[-1] == "rows" and data == {"from": 1, "to": 2}


@pytest.mark.parametrize(("given", "status"), [("x", 400), ("1", 400), ("1-2-3", 400), ("9" * 30 + "-1", 400), ("999999-0", 409), ("0-5", 409)])  # fmt: skip
def test_stream_from_an_id_that_is_none_then_refused(served, given, status):
    told = served.client("read").get(URL, params={"after": given})
    assert told.status_code == status and told.json()["error"]["where"], told.text


def test_stream_while_nothing_happens_then_signs_of_life(served, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with listening(served.client("read")) as stream:
        assert next(stream)[0] == "place"
        assert [next(stream)[2] for _ in range(3)] == ["still here"] * 3


def test_stream_of_a_key_that_is_revoked_then_it_ends(served, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    client, keys = served.client("read"), served.service.store.keys
    with listening(client) as stream:
        next(stream)
        keys.revoke(keys.all()[-1].id, now=served.service.clock())
        assert all(text == "still here" for *_, text in stream)


def test_stream_of_too_many_readers_then_503_and_room_again_after_they_go(served, monkeypatch):
    monkeypatch.setattr(events, "MOST_READERS", 1)
    client = served.client("read")
    with listening(client) as stream:
        next(stream)
        told = client.get(URL)
        assert told.status_code == 503 and int(told.headers["Retry-After"]) > 0
    until = time.monotonic() + 10
    while served.service.feed.readers and time.monotonic() < until:
        time.sleep(0.02)
    with listening(client) as stream:
        assert next(stream)[0] == "place"


def test_stream_when_the_server_stops_then_it_ends_whole_and_the_stop_is_quick(start):
    process = start()
    ended = []

    def listen():
        with process.client() as client, listening(client) as stream:
            for kind, *_ in stream:
                ended.append(kind)
            ended.append("end")  # the last chunk came: a broken line would have raised

    readers = [threading.Thread(target=listen) for _ in range(3)]
    for reader in readers:
        reader.start()
    while ended.count("place") < 3:
        time.sleep(0.02)
    began = time.monotonic()
    process.popen.terminate()
    process.popen.wait(timeout=30)
    for reader in readers:
        reader.join(timeout=10)
    assert ended.count("end") == 3 and time.monotonic() - began < 10


def test_stream_of_a_client_that_does_not_read_then_cut_off_while_others_go_on(served, monkeypatch):
    monkeypatch.setattr(connection, "READ_S", 0.3)
    client, store = served.client("read"), served.service.store
    for n in range(0, 60_000, 10_000):
        store.put([thing(i, "x" * 20) for i in range(n, n + 10_000)])
    _, secret = store.keys.make("slow", ("read",), now=served.service.clock())
    host, _, port = served.url.removeprefix("http://").partition(":")
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((host, int(port)))
        lazy.sendall(f"GET {URL}?after=0-0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n\r\n".encode())
        until = time.monotonic() + 20
        while not served.service.feed.readers and time.monotonic() < until:
            time.sleep(0.02)
        while served.service.feed.readers and time.monotonic() < until:
            time.sleep(0.05)
        assert served.service.feed.readers == 0, "the lazy reader is still served"
    with listening(client, after="0-0") as stream:
        assert sum(1 for _, _ in zip(range(60_001), stream)) == 60_001
