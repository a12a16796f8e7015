"""Coordinate reference systems are stated, looked up, never guessed."""

import pytest

from cityloop.errors import InputError
from cityloop.settings import describe_crs


@pytest.mark.parametrize(
    ("text", "kind", "metres"),
    [
        ("EPSG:3089", "projected", 1200 / 3937), ("EPSG:4549", "projected", 1.0), ("EPSG:4490", "geographic", None),
        ("GCJ-02", "shifted", None), ("BD-09", "shifted", None), ("local", "local", None),
    ],
)  # fmt: skip
def test_describe_crs_when_known_then_kind_and_unit_are_right(text, kind, metres):
    found = describe_crs(text)
    assert (found.name, found.kind) == (text, kind)
    assert found.metres_per_unit == (None if metres is None else pytest.approx(metres, rel=1e-9))


@pytest.mark.parametrize(
    "text",
    ["", "EPSG:", "EPSG:0", "EPSG:４５４９", "4549", "WGS84", "EPSG:4979", "EPSG:4978", "EPSG:99999999999999999999"],
)
def test_describe_crs_when_unknown_or_not_horizontal_then_input_error(text):
    with pytest.raises(InputError):
        describe_crs(text)
