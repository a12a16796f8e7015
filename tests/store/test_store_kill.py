"""kill -9 at any moment: nothing acknowledged is lost, nothing is doubled, the folder opens and goes on."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cityloop.records import Filter, Thing
from cityloop.store import Store

WHO = Filter.operator()
OWNER = Path(__file__).with_name("owner.py")
STEPS = ("problem", "goal", "countermeasure", "plan", "verification")


def run_and_kill(arguments: list[str], rng: np.random.Generator) -> list[str]:
    """Start an owner, kill it at a random moment, give back every line it said."""
    with subprocess.Popen([sys.executable, str(OWNER), *arguments], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        said = []
        if rng.random() < 0.15:  # while it opens
            time.sleep(rng.uniform(0.1, 0.6))
        else:
            for _ in range(int(rng.integers(1, 30))):
                said.append(owner.stdout.readline())
            time.sleep(rng.uniform(0, 0.02))
        owner.kill()
        said += owner.stdout.readlines()
    assert owner.returncode == -9, said
    return [line.strip() for line in said if line.endswith("\n") and line.strip() != "ready"]


def kill_while_taking(data: Path, kit: Any, *, kills: int, rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    acknowledged = 0
    for _ in range(kills):
        said = [int(number) for number in run_and_kill(["take", str(data), str(rows)], rng)]
        assert said == list(range(said[0], said[0] + len(said))) if said else True
        acknowledged = max([acknowledged, *said])
        with Store.open(data) as store:
            stored = int(store.cursors().get("feed", "0"))
            # One more than acknowledged: it was committed, and killed before it could say so.
            assert stored in (acknowledged, acknowledged + 1)
            assert store.seq() == stored * rows
            acknowledged = stored
    with Store.open(data) as store:
        end = kit.start + timedelta(seconds=(stored + 1) * rows)
        tables = [store.rows([f"c:datastream:{n}"], start=kit.start, end=end, who=WHO) for n in (0, 1)]
        expected: list[set[int]] = [set(), set()]
        for number in range(1, stored + 1):
            index = np.arange(rows)
            back = np.where((index % 3 == 0) & (number > 1), rows, 0)
            expected[number % 2].update(((number - 1) * rows + index - back).tolist())
        for table, seconds in zip(tables, expected, strict=True):
            assert table["value"].to_pylist() == sorted(seconds)
        raw = store.observations
        with raw.cursor("counting") as db:
            count = "SELECT count(*), count(DISTINCT seq), max(seq) FROM observation"
            assert db.execute(count).fetchall()[0] == (stored * rows,) * 3
        assert len(store.quarantine(WHO)) == stored
        if stored:
            assert int(store.get(Thing, "c:thing:last", WHO).name) in (stored, stored + 1)


def kill_while_turning(data: Path, *, kills: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said: list[str] = []
    for _ in range(kills):
        said += run_and_kill(["turn", str(data)], rng)
    with Store.open(data) as store:
        things = {thing.id for thing in store.records(Thing, WHO)}
        assert {thing.version for thing in store.records(Thing, WHO)} <= {1}
        steps = {(f"t{n}", step) for n in range(len(things) // 15 + 1) for step in store.turn_steps(f"t{n}")}
        # A step's mark and its records came together, every acknowledged one is there, in order and without gaps.
        assert things == {f"c:thing:{turn}-{step}-{n}" for turn, step in steps for n in range(3)}
        assert {(turn, step) for turn, step in map(str.split, said)} <= steps
        assert len(said) == len(set(said))
        left = store.open_turn()
        if left is not None:
            done = store.turn_steps(left[0])
            assert done == STEPS[: len(done)]


def test_take_when_killed_at_random_then_what_was_acknowledged_stands_once(data: Path, kit: Any) -> None:
    kill_while_taking(data, kit, kills=8, rows=500, seed=11)


def test_turn_when_killed_at_random_then_it_goes_on_at_its_step(data: Path) -> None:
    kill_while_turning(data, kills=4, seed=12)


@pytest.mark.slow
@pytest.mark.parametrize("kills, rows, seed", [(20, 200, 1), (20, 20_000, 2)])
def test_take_when_killed_often_then_what_was_acknowledged_stands_once(
    data: Path, kit: Any, kills: int, rows: int, seed: int
) -> None:
    kill_while_taking(data, kit, kills=kills, rows=rows, seed=seed)


@pytest.mark.slow
def test_turn_when_killed_often_then_it_goes_on_at_its_step(data: Path) -> None:
    kill_while_turning(data, kills=20, seed=3)
