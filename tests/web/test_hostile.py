"""Clients that mean no good: they get a refusal or nothing, honest ones go on, and memory stays."""

import contextlib
import os
import socket
import time
from pathlib import Path

import pytest

from cityloop.web import app as web_app
from cityloop.web import connection


def opened(served):
    host, _, port = served.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def ended(line):
    """What still comes from a line until the server closes it."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := line.recv(65536):
            got += part
    return got


def raw(served, *parts):
    with opened(served) as line:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                line.sendall(part)
        return ended(line)


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else 0


def memory_mb():
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.parametrize("said", [b"", b"GET /hea", b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n"])
def test_client_that_does_not_say_what_it_wants_then_cut_off(served, monkeypatch, said):
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    with opened(served) as line:
        line.sendall(said)
        assert ended(line) == b""
    assert served.client().get("/health").status_code == 200


def test_client_that_says_half_of_its_second_request_then_cut_off(served, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.3)
    with opened(served) as line:
        line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /hea")
        ended(line)


def test_client_that_drips_a_head_then_cut_off_all_the_same(served, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", 0.5)
    with opened(served) as line, contextlib.suppress(ConnectionError):
        began = time.monotonic()
        line.sendall(b"GET /health HTTP/1.1\r\n")
        while time.monotonic() - began < 10:
            line.sendall(b"X: 1\r\n")
            time.sleep(0.05)
    assert time.monotonic() - began < 5


def test_body_that_stays_away_then_408_and_one_that_ends_early_then_nothing_kept(served, monkeypatch):
    monkeypatch.setattr(web_app, "BODY_S", 0.3)
    _, secret = served.service.store.keys.make("k", ("write",), now=served.service.clock())
    head = (
        f"POST /api/v1/observations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n["
    ).encode()
    with opened(served) as line:
        line.sendall(head)
        assert status(line.recv(65536)) == 408
    with opened(served) as line:
        line.sendall(head)
    assert served.service.store.seq() == 0 and served.client().get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/health", "/api/v1/latest", "/nothing"])
def test_heads_of_absurd_size_then_refused_and_memory_stays(served, path):
    client = served.client()
    client.get("/health")
    before = memory_mb()
    many = b"".join(b"X-%d: 1\r\n" % i for i in range(100_000))
    for _ in range(3):
        assert 400 <= (status(raw(served, f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode(), many, b"\r\n")) or 400) < 500
        assert 400 <= (status(raw(served, f"GET {path}?{'a' * 10_000_000} HTTP/1.1\r\n\r\n".encode())) or 400) < 500
    assert memory_mb() - before < 50
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/series", "/api/v1/days", "/api/v1/hours", "/api/v1/observations", "/api/v1/things.geojson", "/api/v1/events",
             "/api/v1/records/Thing"]
)  # fmt: skip
@pytest.mark.parametrize(
    "query", ["datastream=" + "&datastream=" * 2000, "start=" + "9" * 9000, "bbox=" + "1," * 3000, "kind=%00%ff", "after=%F0%9F%92%A9",
              "points=%C2%B2", "&".join(f"a{i}=1" for i in range(1500)), "%", "=&=&=", "start=-9999-01-01T00:00:00Z"]
)  # fmt: skip
def test_queries_that_make_no_sense_then_an_answer_below_500(served_once, path, query):
    client = served_once.client("read")
    with client.stream("GET", f"{path}?{query}") as told:
        assert told.status_code < 500


def test_many_idle_clients_then_honest_ones_are_told_to_wait_and_served_again(served, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_S", 1.0)
    lines = [opened(served) for _ in range(520)]
    try:
        assert served.client().get("/health").status_code in (200, 503)
        until = time.monotonic() + 15
        while served.client().get("/health").status_code != 200 and time.monotonic() < until:
            time.sleep(0.2)
        assert served.client().get("/health").status_code == 200
    finally:
        for line in lines:
            line.close()
