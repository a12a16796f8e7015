"""kill -9 of `cityloop take` and `cityloop turn` on measured data: nothing lost, nothing doubled, the turn resumes at its step.

CITYLOOP_KILLS states the number of kills (10 without it): `CITYLOOP_KILLS=50 pytest -m slow tests/cli/test_killed.py`.
"""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from cityloop.city import STEPS

SRC = Path(__file__).parents[2] / "src"
KILLS = int(os.environ.get("CITYLOOP_KILLS", "10"))
CASE = Path(__file__).parents[1] / "cases" / "bwdf" / "city.toml"
FIRST, EVERY = datetime(2021, 12, 1, tzinfo=UTC), timedelta(days=20)


def make_city(folder: Path, source: Path) -> Path:
    """The ten real areas, the inflow in one file per month: each is an arrival that can be lost."""
    (folder / "inflow").mkdir(parents=True)
    header, *rows = (source / "inflow_hourly.csv").read_text(encoding="utf-8").splitlines()
    months: dict[str, list[str]] = {}
    for row in rows:
        months.setdefault(row[:7], []).append(row)
    for month, lines in months.items():
        (folder / "inflow" / f"{month}.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    text = CASE.read_text(encoding="utf-8").replace("DATA/inflow_hourly.csv", "inflow/*.csv")
    (folder / "city.toml").write_text(text.replace("DATA/", f"{source}/"), encoding="utf-8")
    return folder


def start(*words: object) -> "subprocess.Popen[str]":
    """`cityloop` as a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(SRC), "LANG": "en_US.UTF-8", "LC_ALL": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "cityloop", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, encoding="utf-8", env=env,
    )  # fmt: skip


def steps_done(folder: Path) -> tuple[str, ...] | None:
    """Steps of the turn that is open, looked at from outside; None without an open turn."""
    file = folder / "data" / "control.sqlite"
    if not file.exists():
        return None
    # Not read-only: after a kill the log of the last writes must be replayed before it can be read.
    try:
        with closing(sqlite3.connect(file)) as db:
            left = db.execute("SELECT id FROM turn WHERE NOT finished").fetchone()
            if left is None:
                return None
            return tuple(s for (s,) in db.execute("SELECT step FROM turn_step WHERE turn = ? ORDER BY position", left))
    except sqlite3.OperationalError:  # no tables yet
        return None


def observations(folder: Path) -> dict[tuple[int, datetime, int], float]:
    """Every row kept, none before the tables are made; fails on a row that stands twice."""
    file = folder / "data" / "observations.duckdb"
    if not file.exists():
        return {}
    with duckdb.connect(str(file)) as db:
        if not db.execute("SELECT * FROM duckdb_tables() WHERE table_name = 'observation'").fetchall():
            return {}
        rows = db.execute("SELECT datastream, epoch_us(time), variant, value FROM observation").fetchall()
    found = {(s, t, v): value for s, t, v, value in rows}
    assert len(found) == len(rows), "a row stands twice"
    return found


def records(folder: Path) -> list[tuple[Any, ...]]:
    """Every version of every record with the turn and the step that wrote it."""
    with closing(sqlite3.connect(folder / "data" / "control.sqlite")) as db:
        return db.execute("SELECT id, version, noun, json, turn, step FROM record ORDER BY id, version").fetchall()


def kill_once(words: list[object], folder: Path, rng: np.random.Generator, usual_s: float) -> bool:
    """Start a verb and kill it at a random moment, or soon after a random step was kept; False if it was faster."""
    with start(*words) as running:
        if words[0] == "turn" and rng.random() < 0.7:
            # The steps after the first take milliseconds here: only who looks on can hit them.
            wanted = int(rng.integers(1, len(STEPS)))
            while running.poll() is None and len(steps_done(folder) or ()) < wanted:
                time.sleep(0.001)
        else:
            time.sleep(rng.uniform(0.1, usual_s))
        running.kill()
        out, err = running.communicate()
    assert "Traceback" not in out + err
    assert running.returncode in (0, -9), err
    return running.returncode == -9


def run(*words: object) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    with start(*words, "--json") as running:
        out, err = running.communicate(timeout=600)
    assert running.returncode == 0, err
    return json.loads(out), time.monotonic() - began


@pytest.mark.slow
def test_city_when_killed_at_random_then_it_ends_as_if_it_never_was(test_data: Path, tmp_path: Path) -> None:
    source, rng = test_data / "bwdf", np.random.default_rng(2026)
    killed, calm = (make_city(tmp_path / name, source) for name in ("killed", "calm"))
    usual = {"take": 4.0, "turn": 8.0}
    kept: dict[tuple[int, datetime, int], float] = {}
    kills, resumed, nows = 0, 0, [FIRST]
    while kills < KILLS:
        for verb, option, most in (("take", "--until", 2), ("turn", "--now", 3)):
            words = [verb, killed, option, nows[-1].isoformat()]
            for _ in range(min(most, KILLS - kills)):
                if not kill_once(words, killed, rng, usual[verb]):
                    break
                kills += 1
                before, kept = kept, observations(killed)
                assert before.items() <= kept.items(), "a row that had been kept is lost"
            done = steps_done(killed) if verb == "turn" else None
            document, usual[verb] = run(*words)
            if done:
                left = [step for step in STEPS if step not in done]
                assert document["resumed_at"] == (left[0] if left else "")
                resumed += 1
        nows.append(nows[-1] + EVERY)
    for now in nows[:-1]:
        run("take", calm, "--until", now.isoformat())
        run("turn", calm, "--now", now.isoformat())
    assert observations(killed) == observations(calm)
    assert records(killed) == records(calm)
    print(
        f"{kills} kills over {len(nows) - 1} turns, {resumed} resumed in their middle; {len(kept)} rows at the last kill"
    )
