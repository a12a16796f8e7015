"""A real server on a small city: the product's own process of it, and a client that talks over loopback."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cityloop.records import Filter
from cityloop.settings import example_city_toml
from cityloop.web.server import Address, make_server
from cityloop.web.service import Service

SRC = Path(__file__).parents[2] / "src"
WHO = Filter.operator()


@dataclass
class Served:
    """A served city in this process: its Service, its address, and clients by scope."""

    service: Service
    url: str
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, *scopes: str, name: str = "tester") -> httpx.Client:
        headers = {}
        if scopes:
            _, secret = self.service.store.keys.make(name, scopes, now=datetime.now(UTC))
            headers["Authorization"] = f"Bearer {secret}"
        self.clients.append(httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False))
        return self.clients[-1]

    def make(self, client: httpx.Client, name: str = "meter", **changes: Any) -> str:
        """Make a datastream; its id."""
        new = {"name": name, "thing_kind": "pipe", "thing_name": "P1", "observed_property": "water_flow", **changes}
        made = client.post("/api/v1/datastreams", json=new)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


def make_folder(place: Path) -> Path:
    """A city folder whose definition is without fault, with no data yet."""
    (place / "flow").mkdir(parents=True)
    (place / "city.toml").write_text(example_city_toml(), encoding="utf-8")
    (place / "flow" / "a.csv").write_text("time,East,West register\n2024-01-01 00:00,4.0,100\n", encoding="utf-8")
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "city")


def free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """The city behind a real server in a thread of this process."""
    port = free_port()
    service = Service.open(folder, address=f"http://127.0.0.1:{port}")
    server = make_server(service, Address(port=port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    found = Served(service, f"http://127.0.0.1:{port}")
    yield found
    for client in found.clients:
        client.close()
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    with serving(folder) as found:
        yield found


@pytest.fixture(scope="module")
def served_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module that only read."""
    with serving(make_folder(tmp_path_factory.mktemp("served") / "city")) as found:
        yield found


@dataclass
class Process:
    """`cityloop serve` as a user starts it."""

    popen: "subprocess.Popen[str]"
    url: str
    secret: str

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.secret}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Process]]:
    """Start the server on the folder; a second start needs the secret of the first."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, secret: str = "", port: int = 0) -> Process:
        port = port or free_port()
        command = [sys.executable, "-m", "cityloop", "serve", str(folder), "--port", str(port), *arguments]
        env = {**os.environ, "PYTHONPATH": str(SRC), "LANG": "C"}
        popen = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
        running.append(popen)
        assert popen.stdout is not None
        said = ""
        while "Ctrl-C ends it" not in said:
            line = popen.stdout.readline()
            assert line, said
            said += line
        made = re.search(r"clk_\S+", said)
        found = Process(popen, f"http://127.0.0.1:{port}", made.group() if made else secret)
        with found.client() as client:
            for _ in range(500):
                try:
                    client.get("/health")
                    break
                except httpx.ConnectError:
                    time.sleep(0.02)
        return found

    yield begin
    for popen in running:
        popen.kill()
        popen.communicate()
