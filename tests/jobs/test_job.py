"""Jobs: order, progress, cancel, resume; their state on disk."""

import json
from pathlib import Path

import pytest

from cityloop.errors import Cancelled, StoreError
from cityloop.i18n import Pair
from cityloop.jobs import Cancel, Job, JobState, Step


class Log:
    def __init__(self) -> None:
        self.steps: list[tuple[int, str, bool]] = []
        self.shares: list[float] = []

    def step(self, number: int, total: int, title: Pair, *, before: bool) -> None:
        self.steps.append((number, title.en, before))

    def progress(self, share: float, text: str) -> None:
        self.shares.append(share)


def steps(done: list[str], fail_at: str = "") -> list[Step]:
    def work(key: str) -> Step:
        def run(progress) -> dict[str, str]:
            progress(0.5, key)
            if key == fail_at:
                raise KeyboardInterrupt
            done.append(key)
            return {"was": key}

        return Step(key, Pair(key, key), run)

    return [work(k) for k in ("a", "b", "c")]


def test_job_when_run_then_steps_in_order_with_progress() -> None:
    done: list[str] = []
    log = Log()
    noted = Job(steps(done)).run(log)
    assert done == ["a", "b", "c"] and log.shares == [0.5] * 3
    assert log.steps == [(1, "a", False), (2, "b", False), (3, "c", False)]
    assert noted == {k: {"was": k} for k in "abc"}


def test_job_when_killed_in_a_step_then_goes_on_at_it(tmp_path: Path) -> None:
    path, done = tmp_path / "data" / "job.json", []
    with pytest.raises(KeyboardInterrupt):
        Job(steps(done, "b"), state=JobState(path, {"x": 1})).run(Log())
    assert done == ["a"]
    state = JobState.read(path)
    assert state is not None and state.key == {"x": 1}
    log = Log()
    noted = Job(steps(done), state=state).run(log)
    assert done == ["a", "b", "c"]
    assert [before for _, _, before in log.steps] == [True, False, False]
    assert noted["a"] == {"was": "a"}


def test_job_when_asked_to_stop_then_stops_at_the_next_sign_of_progress(tmp_path: Path) -> None:
    cancel, done = Cancel(), []
    found = steps(done)

    def ask(progress) -> dict[str, str]:
        cancel.request()
        progress(0.1, "")
        raise AssertionError("must not go on")

    with pytest.raises(Cancelled) as stopped:
        Job([found[0], Step("x", Pair("x", "x"), ask), found[2]], cancel=cancel).run(Log())
    assert stopped.value.exit_code == 130 and done == ["a"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"form": 2, "key": {}, "finished": {}}', '{"form": 1, "key": 3}'])
def test_state_when_not_readable_then_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "job.json").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"job\.json"):
        JobState.read(tmp_path / "job.json")


def test_state_when_written_then_leaves_no_draft_and_reads_back(tmp_path: Path) -> None:
    assert JobState.read(tmp_path / "job.json") is None
    state = JobState(tmp_path / "job.json", {"城": "ky4"})
    state.finish("a", {"rows": 3})
    state.finish("b", None)
    assert [p.name for p in tmp_path.iterdir()] == ["job.json"]
    again = JobState.read(tmp_path / "job.json")
    assert again is not None and again.key == {"城": "ky4"} and again.finished == {"a": {"rows": 3}, "b": None}


def test_state_when_the_disk_is_full_then_the_old_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = JobState(tmp_path / "job.json", {})
    state.finish("a", 1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        state.finish("b", 2)
    assert json.loads((tmp_path / "job.json").read_text(encoding="utf-8"))["finished"] == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["job.json"]
