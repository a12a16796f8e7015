"""The real demo: whole, stopped and killed; slow."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
SRC = str(Path(__file__).parents[2] / "src")


def launch(out: Path, *words: str) -> "subprocess.Popen[str]":
    env = {**os.environ, "PYTHONPATH": SRC, "LANG": "en_US.UTF-8", "LC_ALL": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "cityloop", "demo", "--no-serve", "--out", str(out), *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, encoding="utf-8", env=env,
    )  # fmt: skip


def records(out: Path, noun: str) -> list[object]:
    env = {**os.environ, "PYTHONPATH": SRC}
    command = [sys.executable, "-m", "cityloop", noun, "list", str(out / "city"), "--json"]
    done = subprocess.run(command, capture_output=True, env=env, check=True)
    return json.loads(done.stdout)[f"{noun}s"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    out = tmp_path_factory.mktemp("demo") / "whole"
    with launch(out) as running:
        told, steps = running.communicate(timeout=600)
    assert running.returncode == 0, steps
    return out, told, steps


def test_demo_when_without_a_terminal_then_plain_lines_and_a_result(whole: tuple[Path, str, str]) -> None:
    out, told, steps = whole
    assert [line.split("]")[0] for line in steps.splitlines()] == [f"[{n}/9" for n in range(1, 10)]
    assert "\x1b" not in told + steps
    for heading in (
        "Found",
        "Chosen, and why",
        "What it costs",
        "Works (simulated)",
        "Measured after",
        "could not be told",
    ):
        assert f"\n{heading}" in told or heading in told
    assert "90% interval" in told and str(out / "report.html") in told
    assert json.loads((out / "loop.json").read_text(encoding="utf-8"))
    assert "data-ref" in (out / "report.html").read_text(encoding="utf-8")


def test_demo_when_stopped_and_killed_then_goes_on_to_the_same_records(
    whole: tuple[Path, str, str], tmp_path: Path
) -> None:
    out = tmp_path / "torn"
    sent = []
    for number, seconds in enumerate([3, 6, 9, 12, 15, 20, 25]):
        running = launch(out)
        time.sleep(seconds)
        stop = signal.SIGKILL if number % 2 else signal.SIGINT
        if running.poll() is None:
            running.send_signal(stop)
        _, steps = running.communicate(timeout=120)
        assert "Traceback" not in steps
        if running.returncode == 0:
            break
        sent.append(running.returncode)
        assert running.returncode in (130, -signal.SIGKILL)
    assert 130 in sent and -signal.SIGKILL in sent
    if running.returncode != 0:
        with launch(out) as running:
            running.communicate(timeout=600)
        assert running.returncode == 0
    for noun in ("problem", "goal", "countermeasure", "plan", "project"):
        assert records(out, noun) == records(whole[0], noun)


def test_demo_when_finished_then_its_result_is_shown_again(whole: tuple[Path, str, str]) -> None:
    before = records(whole[0], "problem")
    with launch(whole[0]) as running:
        told, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert whole[1].strip() in told and "--fresh" in told
    assert records(whole[0], "problem") == before
