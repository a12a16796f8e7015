"""Requests come in by the one door: replays change nothing, a later state is a new version, an older one is left out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cityloop.errors import InputError
from cityloop.records import Filter, Location, ServiceRequest
from cityloop.settings.requests import RequestSettings
from cityloop.sources.requests import RequestSource, as_known
from cityloop.store import Store

WHO = Filter.operator()
LATE = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = "工单编号,受理时间,诉求内容,经度,纬度,坐标系,答复时间,办结时间,办理结果,是否解决,回访时间"
OPEN = "1,2026-03-09 09:00,水压低,120.2,31.2,GCJ-02,,,,,"
DONE = "1,2026-03-09 09:00,水压低,120.2,31.2,GCJ-02,2026-03-10 09:00,2026-03-10 12:00,已修复,是,2026-03-12 10:00"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data") as found:
        yield found


def write(path: Path, *rows: str) -> None:
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")


def take(store: Store, folder: Path, until: datetime = LATE, path: str = "*.csv", **changes) -> RequestSource:
    source = RequestSource(
        RequestSettings("hotline", path, "12345", **changes), folder=folder, city="c", timezone="Asia/Shanghai",
        standing=lambda: {r.id: r for r in store.records(ServiceRequest, WHO)},
    )  # fmt: skip
    for arrival in source.arrivals(cursors=store.cursors(), until=until):
        store.take(arrival)
    return source


def requests(store: Store) -> dict[str, ServiceRequest]:
    return {r.number: r for r in store.records(ServiceRequest, WHO)}


def test_file_when_taken_again_then_nothing_changes_and_no_refusal_is_said_twice(tmp_path, store):
    write(tmp_path / "a.csv", OPEN, "2,,没有时间,,,,,,,,")
    take(store, tmp_path)
    stamp, rows = store.stamp(), store.quarantine(WHO).num_rows
    (tmp_path / "a.csv").touch()
    assert take(store, tmp_path).counts["requests"] == 0
    write(tmp_path / "a.csv", OPEN, "2,,没有时间,,,,,,,,", "3,2026-03-11 08:00,漏水,,,,,,,,")
    take(store, tmp_path)
    assert rows == 1 and store.quarantine(WHO).num_rows == 1 and set(requests(store)) == {"1", "3"}
    assert requests(store)["1"].version == 1 and store.stamp() == stamp + 1
    reason = store.quarantine(WHO).to_pylist()[0]
    assert (
        reason["reason"].startswith("no_time: ") and " | " in reason["reason"] and reason["position"] == "a.csv:a.csv:3"
    )


def test_number_when_a_later_file_has_a_later_state_then_that_is_a_new_version(tmp_path, store):
    write(tmp_path / "a.csv", OPEN)
    take(store, tmp_path)
    write(tmp_path / "b.csv", DONE)
    take(store, tmp_path)
    now = requests(store)["1"]
    assert (now.version, now.status, now.resolved) == (2, "closed", True)
    assert [v.status for v in store.history(now.id, WHO)] == ["open", "closed"]
    (place,) = store.records(Location, WHO)
    assert place.crs == "GCJ-02" and place.version == 1


def test_number_when_an_older_export_comes_later_then_the_state_on_record_stays(tmp_path, store):
    write(tmp_path / "a.csv", DONE)
    take(store, tmp_path)
    write(tmp_path / "b.csv", OPEN)
    assert take(store, tmp_path).counts["older"] == 1
    assert requests(store)["1"].status == "closed" and requests(store)["1"].version == 1


def test_take_when_until_lies_before_some_steps_then_these_are_not_known_yet(tmp_path, store):
    write(tmp_path / "a.csv", DONE, "2,2026-03-20 08:00,漏水,,,,,,,,")
    source = take(store, tmp_path, datetime(2026, 3, 9, 12, tzinfo=UTC))
    early = requests(store)["1"]
    assert (early.status, early.result, early.resolved, len(early.steps)) == ("open", "", None, 1)
    assert source.counts["waiting"] == 1 and set(requests(store)) == {"1"}
    take(store, tmp_path, datetime(2026, 3, 11, tzinfo=UTC))
    middle = requests(store)["1"]
    assert (middle.status, middle.result, middle.resolved) == ("closed", "已修复", None)
    take(store, tmp_path)
    assert requests(store)["1"].resolved is True and set(requests(store)) == {"1", "2"}


def test_as_known_when_every_step_is_past_then_it_is_the_same_record(tmp_path, store):
    write(tmp_path / "a.csv", DONE)
    take(store, tmp_path)
    request = requests(store)["1"]
    assert as_known(request, LATE) is request
    assert as_known(request, request.requested - timedelta(seconds=1)) is None


def test_settings_when_codes_change_then_the_file_is_read_by_them(tmp_path, store):
    head, row = HEAD + ",分类代码", OPEN + ",A"
    (tmp_path / "a.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")
    take(store, tmp_path)
    assert requests(store)["1"].bears_on == ()
    take(store, tmp_path, codes={"A": ("burst",)})
    assert requests(store)["1"].bears_on == ("burst",) and requests(store)["1"].version == 2


def test_path_when_nothing_matches_then_the_error_names_it(tmp_path, store):
    with pytest.raises(InputError, match="find no file"):
        take(store, tmp_path, path="none-*.csv")
