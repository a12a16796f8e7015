"""Grades at their borders."""

import pytest

from cityloop.evidence import grade


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 2.0, "confirmed"),
        (0.1, 1.0, "confirmed"),  # it reaches the smallest effect exactly
        (0.0, 2.0, "inconclusive"),  # it could be nothing
        (-0.1, 1.0, "inconclusive"),
        (0.1, 0.999, "refuted"),  # something, but not enough
        (-3.0, 0.999, "refuted"),
        (-3.0, -1.0, "refuted"),
    ],
)
def test_grade_when_the_interval_lies_so_then(low, high, expected):
    assert grade(low, high, 1.0) == expected
