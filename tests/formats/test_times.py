"""Civil time to UTC, held against zoneinfo's own conversion."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.formats.tables import Chunk, Mark
from cityloop.formats.times import read_stamps, to_us
from cityloop.settings import TimeSettings

ZONES = [
    "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "America/St_Johns", "Asia/Kolkata",
    "Africa/Casablanca", "Pacific/Apia", "UTC", "Europe/Dublin",
]  # fmt: skip


def chunk_of(stamps: list[str]) -> Chunk:
    lines = np.arange(len(stamps), dtype=np.int64)
    return Chunk({"t": pa.array(stamps, pa.string())}, lines, (), Mark(0, 0), Mark(0, 0), int, str)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), st.lists(st.integers(31_536_000, 4_000_000_000), min_size=1, max_size=30))
def test_read_stamps_when_a_local_time_is_written_then_its_utc_time_is_among_the_readings(zone, seconds):
    moments = [datetime.fromtimestamp(s, UTC) for s in seconds]
    written = [m.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S") for m in moments]
    stamps = read_stamps(chunk_of(written), TimeSettings(("t",), zone=zone))
    for i, moment in enumerate(moments):
        assert stamps.code[i] in ("", "twice")
        readings = {stamps.utc_us[i], stamps.second_us[i]} if stamps.code[i] == "twice" else {stamps.utc_us[i]}
        assert to_us(moment) in readings
        local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        fold = {local.replace(tzinfo=ZoneInfo(zone), fold=f).astimezone(UTC) for f in (0, 1)}
        assert readings == {to_us(m) for m in fold}


@pytest.mark.parametrize("zone", ZONES)
def test_read_stamps_when_every_half_hour_of_two_years_is_written_then_skipped_and_doubled_are_those_of_zoneinfo(zone):
    start = datetime(2021, 1, 1)
    local = [start + timedelta(minutes=30 * i) for i in range(2 * 365 * 48)]
    stamps = read_stamps(chunk_of([f"{t:%Y-%m-%d %H:%M}" for t in local]), TimeSettings(("t",), zone=zone))
    rules = ZoneInfo(zone)
    for i, moment in enumerate(local):
        early, late = (moment.replace(tzinfo=rules, fold=f) for f in (0, 1))
        if early.utcoffset() == late.utcoffset():
            expected = ""
        else:
            expected = "twice" if early.utcoffset() > late.utcoffset() else "skipped"
        assert stamps.code[i] == expected, moment
        if expected != "skipped":
            assert stamps.utc_us[i] == to_us(early.astimezone(UTC))
            assert stamps.second_us[i] == to_us(late.astimezone(UTC))
