"""A full disk: an error with its cure, no traceback, and everything that was acknowledged."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cityloop.records import Filter
from cityloop.store import Store

OWNER = Path(__file__).with_name("owner.py")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on files or a small disk")


def fill(data: Path, rows: int, limit: int | None = None) -> tuple[int, str]:
    """Take arrivals until the store refuses; the last number acknowledged and what was said then."""
    more = [] if limit is None else [str(limit)]
    done = subprocess.run(
        [sys.executable, str(OWNER), "fill", str(data), str(rows), *more],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 3, (done.returncode, done.stdout, done.stderr)
    lines = done.stdout.splitlines()
    return max((int(line) for line in lines if line.isdigit()), default=0), lines[-1]


def test_take_when_files_may_not_grow_then_the_error_has_a_cure_and_nothing_acknowledged_is_lost(data: Path) -> None:
    acknowledged, said = fill(data, 10_000, limit=6_000_000)
    assert acknowledged > 2
    assert "No room left" in said and "Free space" in said
    with Store.open(data) as store:
        stored = int(store.cursors()["feed"])
        assert stored in (acknowledged, acknowledged + 1) and store.seq() == stored * 10_000
        assert len(store.quarantine(Filter.operator())) == stored


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB; only root can make one."""
    place = tmp_path / "disk"
    place.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs the right to mount a small disk")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_take_when_the_disk_is_full_then_the_error_has_a_cure_and_nothing_acknowledged_is_lost(
    small_disk: Path,
) -> None:
    data = small_disk / "data"
    acknowledged, said = fill(data, 10_000)
    assert acknowledged > 2 and "No room left" in said and "Free space" in said
    again, said = fill(data, 10_000)
    assert "No room left" in said
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    with Store.open(data) as store:
        stored = int(store.cursors()["feed"])
        assert max(acknowledged, again) <= stored <= max(acknowledged, again) + 2
        assert store.seq() == stored * 10_000
        assert len(store.quarantine(Filter.operator())) == stored


def test_open_when_the_disk_is_read_only_then_the_cure_is_named(small_disk: Path) -> None:
    data = small_disk / "data"
    Store.open(data).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = subprocess.run(
        [sys.executable, str(OWNER), "take", str(data), "10"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert "may not be written" in done.stdout and "write access" in done.stdout
