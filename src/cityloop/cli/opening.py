"""Opening a city for one verb: nothing but the answer reaches standard output, Ctrl-C stops at the next safe place."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from cityloop.cli.language import say
from cityloop.cli.screen import quiet_stdout
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.city import City
    from cityloop.contracts import Progress
    from cityloop.jobs import Cancel, Watch

__all__ = ["interruptible", "opened", "teller", "watcher"]

STOPPING = Pair(
    "Stopping at the next safe place; press Ctrl-C again to stop at once.",
    "将在下一个安全点中止；再按一次 Ctrl-C 立即中止。",
)


@contextmanager
def opened(folder: Path) -> Iterator["City"]:
    """The open city, for the time of the block; what is printed inside goes to standard error."""
    with quiet_stdout():
        from cityloop.city import City

        with City.open(folder) as city:
            yield city


@contextmanager
def interruptible() -> Iterator["Cancel"]:
    """A wish to stop that the first Ctrl-C makes; the second one interrupts at once."""
    from cityloop.jobs import Cancel

    cancel = Cancel()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if cancel.requested:
            raise KeyboardInterrupt
        cancel.request()
        sys.stderr.write(f"\n{say(STOPPING)}\n")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)


def teller(cancel: "Cancel") -> "Progress":
    """Progress of a verb without named steps: one moving line on a terminal, silence without one."""
    moving = sys.stderr.isatty()

    def progress(share: float, text: str) -> None:
        cancel.check()
        if moving:
            sys.stderr.write(f"\r\x1b[K{share:4.0%} {text}" if share < 1 else "\r\x1b[K")
            sys.stderr.flush()

    return progress


@contextmanager
def watcher() -> Iterator["Watch"]:
    """A bar with the named step on a terminal, plain lines without one; both on standard error."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[place]}", markup=False), BarColumn(bar_width=30),
        TextColumn("{task.description}", markup=False), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar)


class _Lines:
    """One line per step, with the seconds the one before took."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def step(self, number: int, total: int, title: Pair, *, before: bool) -> None:
        again = say(Pair(" (done before)", "（已完成）")) if before else ""
        sys.stderr.write(f"[{number}/{total}] {say(title)}{again}  +{time.monotonic() - self.began:.0f} s\n")
        sys.stderr.flush()

    def progress(self, share: float, text: str) -> None:
        """Plain lines tell steps only."""


class _Bar:
    """All steps as one bar, each step an equal share."""

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.task = self.bar.add_task("", total=1.0, place="")
        self.number, self.total, self.title = 0, 1, ""

    def step(self, number: int, total: int, title: Pair, *, before: bool) -> None:
        self.number, self.total, self.title = number, total, say(title)
        self.progress(1.0 if before else 0.0, "")

    def progress(self, share: float, text: str) -> None:
        done = (self.number - 1 + share) / self.total
        shown = f"{self.title}: {text}" if text else self.title
        self.bar.update(self.task, completed=done, description=shown, place=f"{self.number}/{self.total}")
