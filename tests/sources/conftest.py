"""A file source over files written by the test, and its arrivals as plain Python."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cityloop.contracts import Arrival, Rejected
from cityloop.records import Datastream
from cityloop.settings import FileSettings, SeriesSettings, TimeSettings
from cityloop.sources.files import FileSource

LATER = datetime(2090, 1, 1, tzinfo=UTC)


@dataclass
class Got:
    """What a reading gave: series label -> {UTC time: value}, in the order it came."""

    values: dict[str, dict[datetime, float]] = field(default_factory=dict)
    quality: dict[str, dict[datetime, int]] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    datastreams: dict[str, Datastream] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    cursor: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    rows: int = 0

    def reasons(self) -> list[tuple[str, str]]:
        """(file:line, code) of every refused row."""
        return [(r.position, r.reason.partition(":")[0]) for r in self.rejected]


class Reader:
    """Writes files into a folder and reads them as a source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = FileSettings(
            name="flow",
            path="*.csv",
            time=TimeSettings(("time",), zone="UTC"),
            series=(SeriesSettings("a", "boundary", "dma-1", "water_flow", "L/s", "mean", 3600),),
        )

    def write(self, name: str, *lines: str, end: str = "\n") -> Path:
        path = self.folder / name
        path.write_bytes(("\n".join(lines) + end).encode(self.settings.encoding))
        return path

    def using(self, **changes: Any) -> "Reader":
        self.settings = replace(self.settings, **changes)
        return self

    def series(self, *labels: str, **changes: Any) -> "Reader":
        first = self.settings.series[0]
        return self.using(series=tuple(replace(first, label=label, **changes) for label in labels))

    def source(self) -> FileSource:
        return FileSource(self.settings, folder=self.folder, city="test")

    def read(self, *, cursor: str = "", until: datetime = LATER, stop_after: int | None = None) -> Got:
        """Read everything new; `stop_after` arrivals plays a kill."""
        got, source = Got(cursor=cursor), self.source()
        cursors: Mapping[str, str] = {self.settings.name: cursor} if cursor else {}
        for number, arrival in enumerate(source.arrivals(cursors=cursors, until=until)):
            if stop_after is not None and number == stop_after:
                return got
            got.arrivals.append(arrival)
            got.cursor = arrival.cursor
            got.rejected += arrival.rejected
            got.rows += arrival.batch.num_rows
            for row in arrival.batch.to_pylist():
                stream = arrival.datastreams[row["datastream"]]
                label = stream.name.partition("/")[2]
                got.datastreams[label] = stream
                got.values.setdefault(label, {})[row["time"]] = row["value"]
                got.quality.setdefault(label, {})[row["time"]] = row["quality"]
        got.counts = dict(source.counts)
        return got


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture
def utc() -> Callable[..., datetime]:
    """utc(2026, 1, 31, 12) -> an aware datetime."""
    return lambda *parts: datetime(*parts, tzinfo=UTC)


@pytest.fixture(scope="session")
def reader_class() -> type[Reader]:
    """For tests that need a folder of their own per example."""
    return Reader
