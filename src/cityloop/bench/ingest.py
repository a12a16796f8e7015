"""How fast observations come in over HTTP, against what the bare engine commits in the same run.

A client process talks over loopback to `cityloop serve` on a real disk. The limit of a cell is the engine without HTTP:
the same append, on batches of the mean size that the server's group commit merged in that cell.
"""

import asyncio
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np

from cityloop.contracts import Progress
from cityloop.errors import CityloopError, InputError

__all__ = ["CELLS", "FORMATS", "run"]

FORMATS = ("json_rows", "json_columns", "csv", "arrow", "parquet")
#: (format, rows in a body, clients at once).
CELLS: tuple[tuple[str, int, int], ...] = (
    ("json_rows", 1, 64),
    *((form, 100, 16) for form in ("json_rows", "json_columns", "arrow")),
    *((form, 10_000, 4) for form in FORMATS),
    *((form, 100_000, 2) for form in ("json_columns", "arrow", "parquet")),
)
DATASTREAMS, BODIES, WARM_S = 100, 8, 0.5
_START = datetime(2026, 1, 1, tzinfo=UTC)


def run(
    *, seconds: float = 3.0, cells: Sequence[tuple[str, int, int]] = CELLS, progress: Progress | None = None
) -> dict[str, Any]:
    """Send for `seconds` in every cell; `results`: format, batch, clients, obs_per_s, p99_ms, limit_per_s, limit_ratio,
    merged_rows. The bodies of a cell are eight that repeat: what is stored repeats too.

    Raises InputError for a time that is none, CityloopError where the server does not start.
    """  # fmt: skip
    if not 0.1 <= seconds <= 600:
        raise InputError("The bench cannot run for this long.", where="seconds", got=seconds, allowed="0.1 to 600")
    began, results = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="cityloop-bench-") as place, _server(Path(place)) as server:
        names = [server.make(f"meter-{i}") for i in range(DATASTREAMS)]
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            for number, (form, batch, clients) in enumerate(cells):
                if progress is not None:
                    progress(number / len(cells), f"{form} {batch}")
                before = server.counted()
                job = _Cell(server.port, server.secret, form, batch, clients, seconds, tuple(names))
                told = pool.submit(_send, job).result()
                rows, commits = (b - a for a, b in zip(before, server.counted(), strict=True))
                merged = max(int(rows / max(commits, 1)), 1)
                limit = _limit(Path(place) / f"limit-{number}.duckdb", merged)
                results.append(
                    {
                        "format": form, "batch": batch, "clients": clients, "obs_per_s": round(told["rate"]),
                        "p99_ms": round(told["p99_ms"], 1), "limit_per_s": round(limit),
                        "limit_ratio": round(told["rate"] / limit, 3), "merged_rows": merged,
                    }
                )  # fmt: skip
        rss = server.rss_mb()
    return {
        "results": results,
        "rss_mb_max": rss,
        "seconds": round(time.monotonic() - began, 1),
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


# --- the server --------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Server:
    """`cityloop serve` in a process of its own."""

    popen: "subprocess.Popen[str]"
    port: int
    secret: str

    def ask(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", data, headers), timeout=60) as answer:
            found: bytes = answer.read()
        return found

    def make(self, name: str) -> str:
        """A datastream; its id."""
        new = {"name": name, "thing_kind": "pipe", "thing_name": name, "observed_property": "water_flow"}
        return str(json.loads(self.ask("/api/v1/datastreams", new))["id"])

    def counted(self) -> tuple[float, float]:
        """Rows and commits since the start."""
        text = self.ask("/metrics").decode()
        found = [
            re.search(rf"^{name} ([\d.e+]+)$", text, re.MULTILINE)
            for name in ("cityloop_rows_written", "cityloop_commits")
        ]
        rows, commits = (float(m.group(1)) if m else 0.0 for m in found)
        return rows, commits

    def rss_mb(self) -> float | None:
        """The most memory that it ever held; None where the system does not say."""
        try:
            status = Path(f"/proc/{self.popen.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        most = re.search(r"VmHWM:\s+(\d+) kB", status)
        return round(int(most.group(1)) / 1024, 1) if most else None


@contextmanager
def _server(place: Path) -> Iterator[_Server]:
    from cityloop.settings import example_city_toml

    city = place / "city"
    (city / "flow").mkdir(parents=True)
    (city / "city.toml").write_text(example_city_toml(), encoding="utf-8")
    (city / "flow" / "a.csv").write_text("time,East,West register\n", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "cityloop", "serve", str(city), "--port", str(port), "--lang", "en"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as popen:
        try:
            assert popen.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                line = popen.stdout.readline()
                if not line:
                    raise CityloopError("The server did not start.", got=said[-500:])
                said += line
            secret = re.search(r"clk_\S+", said)
            assert secret is not None
            server = _Server(popen, port, secret.group())
            for _ in range(600):
                try:
                    server.ask("/health")
                    break
                except OSError:
                    time.sleep(0.05)
            yield server
        finally:
            popen.send_signal(signal.SIGTERM)
            try:
                popen.wait(timeout=60)
            except subprocess.TimeoutExpired:
                popen.kill()


# --- the clients -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Cell:
    port: int
    secret: str
    form: str
    batch: int
    clients: int
    seconds: float
    names: tuple[str, ...]


def _send(cell: _Cell) -> dict[str, float]:
    """Every client sends one body after the other; rows acknowledged per second, after a warm-up, and the 99th percentile."""
    requests = [_request(cell, number) for number in range(BODIES)]
    return asyncio.run(_clients(cell, requests))


async def _clients(cell: _Cell, requests: Sequence[bytes]) -> dict[str, float]:
    begin = time.perf_counter() + WARM_S
    end = begin + cell.seconds
    waits: list[float] = []

    async def client(number: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", cell.port, limit=1 << 20)
        taken, turn = 0, number
        while (sent := time.perf_counter()) < end:
            writer.write(requests[turn % len(requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(length.group(1)) if length else 0)
            if not head.startswith(b"HTTP/1.1 200"):
                raise CityloopError("The server refused.", got=body[:300].decode())
            done = time.perf_counter()
            if sent >= begin and done <= end:
                taken += cell.batch
                waits.append(done - sent)
            turn += 1
        writer.close()
        return taken

    taken = sum(await asyncio.gather(*(client(n) for n in range(cell.clients))))
    return {"rate": taken / cell.seconds, "p99_ms": float(np.quantile(waits, 0.99)) * 1000 if waits else float("nan")}


def _request(cell: _Cell, number: int) -> bytes:
    """One body in the cell's form, with its head."""
    body, media = _body(cell.form, cell.batch, number, cell.names)
    head = (
        f"POST /api/v1/observations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {cell.secret}\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _body(form: str, batch: int, number: int, names: Sequence[str]) -> tuple[bytes, str]:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    rng = np.random.default_rng(number)
    who = [names[(number + i) % len(names)] for i in range(batch)]
    moments = [_START + timedelta(seconds=int(i // len(names))) for i in range(batch)]
    values = np.round(rng.gamma(2.0, 3.0, batch), 3).tolist()
    texts = [m.isoformat().replace("+00:00", "Z") for m in moments]
    if form == "json_rows":
        rows = [{"datastream": d, "time": t, "value": v} for d, t, v in zip(who, texts, values, strict=True)]
        return json.dumps(rows, separators=(",", ":")).encode(), "application/json"
    if form == "json_columns":
        columns = {"datastream": who, "time": texts, "value": values}
        return json.dumps(columns, separators=(",", ":")).encode(), "application/json"
    sink = io.BytesIO()
    if form == "csv":
        csv.write_csv(pa.table({"datastream": who, "time": texts, "value": values}), sink)
        return sink.getvalue(), "text/csv"
    table = pa.table({"datastream": who, "time": pa.array(moments, pa.timestamp("us", "UTC")), "value": values})
    if form == "parquet":
        pq.write_table(table, sink)
        return sink.getvalue(), "application/vnd.apache.parquet"
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue(), "application/vnd.apache.arrow.stream"


# --- the limit ---------------------------------------------------------------------------------------------------
def _limit(path: Path, rows: int, *, seconds: float = 1.5) -> float:
    """Rows per second that the engine commits, `rows` at a time, with nothing around it."""
    import duckdb
    import pyarrow as pa

    from cityloop.store.observations import connect_observations

    rng = np.random.default_rng(0)
    batch = pa.table(
        {
            "datastream": pa.array(rng.integers(1, DATASTREAMS, rows), pa.int32()),
            "time": pa.array([_START] * rows, pa.timestamp("us", "UTC")),
            "variant": pa.array(np.zeros(rows), pa.int32()),
            "value": pa.array(np.round(rng.gamma(2.0, 3.0, rows), 3)),
            "quality": pa.array(np.zeros(rows), pa.uint8()),
            "seq": pa.array(np.arange(rows), pa.int64()),
        }
    )
    engine: duckdb.DuckDBPyConnection = connect_observations(path)
    try:
        engine.execute(
            "CREATE TABLE observation(datastream INTEGER, time TIMESTAMPTZ, variant INTEGER, value DOUBLE, "
            "quality UTINYINT, seq BIGINT)"
        )
        engine.register("arrived", batch)
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            engine.execute("BEGIN")
            engine.execute("INSERT INTO observation SELECT * FROM arrived")
            engine.execute("COMMIT")
            done += rows
        return done / (time.perf_counter() - began)
    finally:
        engine.close()
