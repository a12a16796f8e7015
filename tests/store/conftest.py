"""Arrivals made by hand, and a store in an empty folder."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cityloop.contracts import Arrival
from cityloop.records import Datastream, Thing, record_id
from cityloop.store import Store

START = datetime(2025, 1, 1, tzinfo=UTC)


def stream(name: str, step_s: int = 3600) -> Datastream:
    return Datastream(
        id=record_id("c", "datastream", name), name=name, thing="c:thing:1", sensor="", observed_property="water_flow",
        unit="L/s", statistic="mean", step_s=step_s,
    )  # fmt: skip


def batch(rows: Sequence[tuple[int, float, float, int, int]]) -> pa.Table:
    """Rows (datastream index, hours after START, value, quality, variant)."""
    origin = int(START.timestamp()) * 1_000_000
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 5
    return pa.table(
        {
            "datastream": pa.array(columns[0], pa.int32()),
            "time": pa.array([origin + round(h * 3.6e9) for h in columns[1]], pa.timestamp("us", "UTC")),
            "variant": pa.array(columns[4], pa.int32()),
            "value": pa.array(columns[2], pa.float64()),
            "quality": pa.array(columns[3], pa.uint8()),
        }
    )


def arrival(
    rows: Sequence[tuple[Any, ...]], streams: Sequence[Datastream] = (), *, source: str = "", cursor: str = "",
    records: Sequence[Thing] = (), rejected: Sequence[Any] = (),
) -> Arrival:  # fmt: skip
    """Rows may leave out quality (good) and variant (0); without streams there is one, "flow"."""
    full = [(*row, *(0, 0)[len(row) - 3 :]) for row in rows]
    return Arrival(
        datastreams=tuple(streams) or (stream("flow"),), batch=batch(full), records=tuple(records),
        rejected=tuple(rejected), source=source, cursor=cursor,
    )  # fmt: skip


class Kit:
    """What the tests of this folder build with."""

    start = START
    stream = staticmethod(stream)
    batch = staticmethod(batch)
    arrival = staticmethod(arrival)
    flow = stream("flow").id

    @staticmethod
    def hour(hours: float) -> datetime:
        return START + timedelta(hours=hours)

    @staticmethod
    def thing(name: str, **properties: float | str) -> Thing:
        return Thing(id=record_id("c", "thing", "pipe", name), kind="pipe", name=name, properties=properties)

    @staticmethod
    def many(streams: int, hours: int, seed: int = 1) -> Arrival:
        """Hourly rows of many datastreams, one after the other."""
        origin = int(START.timestamp()) * 1_000_000
        times = np.tile(origin + np.arange(hours) * 3_600_000_000, streams)
        table = pa.table(
            {
                "datastream": pa.array(np.repeat(np.arange(streams, dtype=np.int32), hours)),
                "time": pa.array(times).cast(pa.timestamp("us", "UTC")),
                "variant": pa.array(np.zeros(len(times), np.int32)),
                "value": pa.array(np.random.default_rng(seed).normal(10, 3, len(times))),
                "quality": pa.array(np.zeros(len(times), np.uint8)),
            }
        )
        return Arrival(datastreams=tuple(stream(f"s{i:03}") for i in range(streams)), batch=table)


@pytest.fixture
def kit() -> type[Kit]:
    return Kit


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "city" / "data"


@pytest.fixture
def store(data: Path) -> Iterator[Store]:
    with Store.open(data) as opened:
        yield opened


@pytest.fixture
def values(store: Store) -> Callable[..., list[tuple[float, float]]]:
    """(hours after START, value) of the rows of "flow" that stand."""

    def read(as_of_seq: int | None = None, **filters: Any) -> list[tuple[float, float]]:
        from cityloop.records import Filter

        table = store.rows(
            [Kit.flow], start=START, end=START + timedelta(days=365), as_of_seq=as_of_seq,
            who=Filter(reader="test", **filters),
        )  # fmt: skip
        hours = [(t - START) / timedelta(hours=1) for t in table["time"].to_pylist()]
        return list(zip(hours, table["value"].to_pylist(), strict=True))

    return read
