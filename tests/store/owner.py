"""A process that owns a city until it is killed: says on standard output what it was told is stored, and nothing else.

owner.py take DATA ROWS     arrivals 1, 2, 3, ... of ROWS rows from where the cursor stands; prints "ready", then each number
owner.py turn DATA          turns t0, t1, ... of five steps, each step three records; prints "<turn> <step>"
owner.py fill DATA          arrivals until the store refuses; prints the numbers, then the error, and exits with its code
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from cityloop.contracts import Arrival, Rejected
from cityloop.errors import CityloopError
from cityloop.records import Datastream, Filter, Thing
from cityloop.store import Store

ORIGIN = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
STEPS = ("problem", "goal", "countermeasure", "plan", "verification")
STREAMS = tuple(
    Datastream(
        id=f"c:datastream:{n}", name=str(n), thing="c:thing:1", sensor="", observed_property="water_flow", unit="L/s",
        statistic="mean", step_s=1,
    )
    for n in range(3)
)  # fmt: skip


def piece(number: int, rows: int) -> Arrival:
    """Arrival `number`: every third row repeats a row of the arrival before, with the same value."""
    index = np.arange(rows, dtype=np.int64)
    second = (number - 1) * rows + index - np.where((index % 3 == 0) & (number > 1), rows, 0)
    table = pa.table(
        {
            "datastream": pa.array(np.full(rows, number % 2, np.int32)),
            "time": pa.array(ORIGIN + second * 1_000_000).cast(pa.timestamp("us", "UTC")),
            "variant": pa.array(np.zeros(rows, np.int32)),
            "value": pa.array(second.astype(np.float64)),
            "quality": pa.array(np.zeros(rows, np.uint8)),
        }
    )
    refused = (Rejected("feed", f"line {number}", "?", "value: not a number"),)
    # The number of the newest datastream grows too: a record and a number per arrival, in the other file.
    fresh = Thing(id="c:thing:last", kind="meter", name=str(number))
    return Arrival(STREAMS[:2], table, (fresh,), refused, "feed", str(number))


def take(store: Store, rows: int) -> None:
    number = int(store.cursors().get("feed", "0"))
    say("ready")
    while True:
        number += 1
        store.take(piece(number, rows))
        say(number)


def turn(store: Store) -> None:
    finished = len(store.records(Thing, Filter.operator()))
    say("ready")
    while True:
        left = store.open_turn()
        name = left[0] if left else f"t{finished // 15}"
        if left is None:
            store.begin_turn(name, datetime(2025, 1, 1, tzinfo=UTC), 0)
            if store.open_turn() is None:
                raise SystemExit(f"turn {name} was finished without all its records")
        done = store.turn_steps(name)
        for step in STEPS[len(done) :]:
            made = [Thing(id=f"c:thing:{name}-{step}-{n}", kind="x", name=name) for n in range(3)]
            store.put(made, turn=name, step=step)
            say(f"{name} {step}")
        store.finish_turn(name)
        finished = len(store.records(Thing, Filter.operator()))


def say(what: object) -> None:
    print(what, flush=True)


def main() -> int:
    mode, data = sys.argv[1], Path(sys.argv[2])
    try:
        with Store.open(data) as store:
            if mode == "turn":
                turn(store)
            elif mode == "fill":
                import resource

                if len(sys.argv) > 4:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
            take(store, int(sys.argv[3]))
    except CityloopError as fault:
        say(fault)
        return fault.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
