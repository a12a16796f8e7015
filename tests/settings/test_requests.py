"""[[requests]] of city.toml: what it names, what it must not, and how working days are counted."""

from datetime import date

import pytest

from cityloop.errors import SettingsError
from cityloop.settings import example_city_toml, load_city
from cityloop.settings.requests import WorkingDays

GOOD = """
[[requests]]
path = "orders*.xlsx"
crs = "GCJ-02"
columns = { number = "单号" }
codes = { "A-1" = "low_pressure", "A-2" = "burst, growing_leakage" }
limits = { source = "市热线办理规程（示例）", consultation = 3, complaint = 15 }
holidays = [2026-10-01, 2026-10-02]
extra_working_days = [2026-10-10]
"""


def _load(tmp_path, more):
    (tmp_path / "city.toml").write_text(example_city_toml() + more, encoding="utf-8")
    return load_city(tmp_path).requests


def test_requests_when_stated_then_codes_are_lists_and_the_profile_is_12345(tmp_path):
    (found,) = _load(tmp_path, GOOD)
    assert (found.name, found.profile, found.crs) == ("12345", "12345", "GCJ-02")
    assert found.codes == {"A-1": ("low_pressure",), "A-2": ("burst", "growing_leakage")}
    assert found.limits["complaint"].days == 15 and "规程" in found.limits["complaint"].source


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('profile = "311"', "open311"),
        ('crs = "gcj"', "coordinate reference system"),
        ('columns = { phone = "电话" }', "Not a field of a request"),
        ("limits = { help = 7 }", "source"),
        ('holidays = ["2026-10-01"]', "dates without quotes"),
        ('encodin = "gbk"', "unknown key"),
    ],
)
def test_requests_when_a_key_is_wrong_then_the_fault_names_it(tmp_path, line, said):
    with pytest.raises(SettingsError, match=r"requests\[1\]") as fault:
        _load(tmp_path, f'[[requests]]\npath = "a.csv"\n{line}\n')
    assert said in str(fault.value)


def test_requests_when_two_have_one_name_then_that_is_a_fault(tmp_path):
    with pytest.raises(SettingsError, match="used twice"):
        _load(tmp_path, '[[requests]]\npath = "a.csv"\n[[requests]]\npath = "b.csv"\n')


def test_working_days_when_holidays_are_moved_then_the_weekend_worked_counts():
    calendar = WorkingDays(frozenset([date(2026, 10, 1), date(2026, 10, 2)]), frozenset([date(2026, 10, 10)]))
    # Wed 30 September: 1 and 2 October are off, then Mon 5 to Fri 9, Saturday 10 is worked.
    assert calendar.after(date(2026, 9, 30), 6) == date(2026, 10, 10)
    assert WorkingDays().after(date(2026, 9, 30), 3) == date(2026, 10, 5)
