"""Numbers, registers and repeats on their own; the reasons in both languages."""

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.formats.numbers import read_numbers
from cityloop.formats.registers import RegisterRule, difference
from cityloop.formats.repeats import Cells, Repeats
from cityloop.formats.rows import REASONS

RULE = RegisterRule(size=1000.0, highest=math.inf, step_s=3600, per_unit=1.0, rate=0.0)


def cells(*rows):
    series, hour, value, line = (np.array(part) for part in zip(*rows, strict=True))
    return Cells(
        series.astype(np.int64), hour.astype(np.int64) * 3_600_000_000, value.astype(np.float64), line.astype(np.int64)
    )


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        (" 3.5 ", ".", 3.5), ("+3", ".", 3.0), ("-.5", ".", -0.5), ("1e-3", ".", 0.001), ("1.", ".", 1.0), ("-0,25", ",", -0.25),
        ("1_000", ".", None), ("１", ".", None), ("1,000", ".", None), ("1.000", ",", None), ("--", ".", None), ("true", ".", None),
    ],
)  # fmt: skip
def test_read_numbers_when_text_is_a_plain_number_then_it_is_read_and_all_else_refused(text, decimal, value):
    for others in ([], ["x"]):
        found = read_numbers(pa.array([text, *others]), decimal, ())
        assert bool(found.refused[0]) == (value is None)
        assert math.isnan(found.values[0]) if value is None else found.values[0] == value


@settings(deadline=None)
@given(
    amounts=st.lists(st.integers(0, 99), min_size=1, max_size=40),
    start=st.integers(0, 999),
    cuts=st.sets(st.integers(1, 39), max_size=3),
)
def test_difference_when_a_register_counts_through_roll_overs_then_amounts_come_back_in_any_pieces(
    amounts, start, cuts
):
    total = np.cumsum([start, *amounts])
    readings = [(0, hour, float(t % 1000), hour) for hour, t in enumerate(total)]
    latest, found = {}, {}
    edges = [0, *sorted(c for c in cuts if c < len(readings)), len(readings)]
    for first, last in itertools.pairwise(edges):
        out = difference(cells(*readings[first:last]), {0: RULE}, latest)
        assert out.missing == []
        latest |= out.latest
        found |= dict(zip((out.cells.time_us // 3_600_000_000).tolist(), out.cells.value.tolist(), strict=True))
    assert found == {hour: float(amount) for hour, amount in enumerate(amounts)}


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=40),
    size=st.integers(1, 10),
)
def test_repeats_when_keys_return_in_any_order_then_the_last_value_stays_and_every_row_is_accounted_for(rows, size):
    kept: dict[tuple[int, int], float] = {}
    repeats, taken, superseded = Repeats(), 0, 0
    for first in range(0, len(rows), size):
        piece = [(s, t, v, line) for line, (s, t, v) in enumerate(rows[first : first + size], first)]
        out, gone = repeats.sift(cells(*piece))
        taken, superseded = taken + len(out), superseded + len(gone)
        assert all(old.line < old.by_line for old in gone)
        for s, t, v in zip(out.series.tolist(), out.time_us.tolist(), out.value.tolist(), strict=True):
            kept[(s, t // 3_600_000_000)] = v
    assert kept == {(s, t): float(v) for s, t, v in rows}
    assert len(kept) <= taken <= len(rows)
    assert len(rows) - taken <= repeats.identical + superseded


def test_reasons_when_listed_then_each_is_said_in_both_languages():
    for code, pair in REASONS.items():
        assert code.isidentifier()
        assert pair.en.isascii()
        assert any("一" <= letter <= "鿿" for letter in pair.zh)
