"""A large file is read in bounded memory: the peak of a process of its own, measured."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

COLUMNS = 24
CODE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cityloop.settings import FileSettings, SeriesSettings, TimeSettings
from cityloop.sources.files import FileSource

def peak_mb():
    # Not ru_maxrss: a child begins with the peak of the process that started it.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

folder = Path(sys.argv[1])
series = tuple(SeriesSettings(f"c{i}", "meter", f"c{i}", "water_flow", "L/s", "mean", 60) for i in range(4))
for name in ("small.csv", "large.csv"):
    settings = FileSettings("s", name, TimeSettings(("time",), "%Y-%m-%d %H:%M", zone="UTC"), series)
    rows = sum(a.batch.num_rows for a in FileSource(settings, folder=folder, city="c").arrivals(
        cursors={}, until=datetime(2090, 1, 1, tzinfo=UTC)))
    print(rows, peak_mb())
"""


def write(path: Path, megabytes: int) -> int:
    """About `megabytes` MB of minutes with 24 columns; returns the number of rows."""
    cells = ("," + ",".join(f"{i}.125" for i in range(COLUMNS)) + "\n").encode()
    rows = (megabytes << 20) // (16 + len(cells))
    with path.open("wb") as file:
        file.write(("time," + ",".join(f"c{i}" for i in range(COLUMNS)) + "\n").encode())
        for first in range(0, rows, 50_000):
            minutes = np.arange(first, min(first + 50_000, rows)).astype("timedelta64[m]") + np.datetime64(
                "2000-01-01T00:00"
            )
            stamps = np.char.replace(np.datetime_as_string(minutes, unit="m"), "T", " ")
            file.write(b"".join(stamp.encode() + cells for stamp in stamps.tolist()))
    return rows


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_arrivals_when_a_file_of_100_mb_is_read_then_memory_does_not_grow_with_it(tmp_path):
    small, large = write(tmp_path / "small.csv", 8), write(tmp_path / "large.csv", 100)
    done = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True)
    (small_rows, small_peak), (large_rows, large_peak) = (map(float, line.split()) for line in done.stdout.splitlines())
    assert (small_rows, large_rows) == (4 * small, 4 * large)
    assert large_peak < 500
    assert large_peak - small_peak < 150
