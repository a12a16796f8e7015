"""A job: named steps in order, each remembered when it is finished."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from cityloop.contracts import Progress
from cityloop.errors import Cancelled
from cityloop.i18n import Pair
from cityloop.jobs.state import JobState

__all__ = ["Cancel", "Job", "Step", "StepWork", "Watch"]

StepWork: TypeAlias = Callable[[Progress], Any]
"""Does the step, tells its progress, returns what later steps must know (JSON values)."""


class Watch(Protocol):
    """Who looks on: a progress bar, plain lines, nobody."""

    def step(self, number: int, total: int, title: Pair, *, before: bool) -> None:
        """Step `number` (from 1) begins; `before`: an earlier run has already finished it."""
        ...

    def progress(self, share: float, text: str) -> None:
        """Share done (0..1) of the step that runs, and what it is at."""
        ...


class Cancel:
    """A wish to stop, seen at the next sign of progress; what was committed stays."""

    def __init__(self) -> None:
        self._wished = threading.Event()

    def request(self) -> None:
        """Ask the job to stop."""
        self._wished.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._wished.is_set()

    def check(self) -> None:
        """Raise Cancelled if somebody asked."""
        if self.requested:
            raise Cancelled("Stopped as you asked.", cure="The same command goes on where it stopped.")


@dataclass(frozen=True)
class Step:
    """One named step. It may run again after a kill, so what it does twice must be as if done once."""

    key: str
    title: Pair
    work: StepWork


class Job:
    """Steps in order. `state` None: nothing is remembered, nothing is skipped."""

    def __init__(self, steps: Sequence[Step], *, state: JobState | None = None, cancel: Cancel | None = None) -> None:
        self.steps, self.state, self.cancel = tuple(steps), state, cancel or Cancel()

    def run(self, watch: Watch) -> dict[str, Any]:
        """Run what is left; returns what every step noted, by key. Raises Cancelled when asked to stop."""
        noted: dict[str, Any] = dict(self.state.finished) if self.state else {}

        def progress(share: float, text: str) -> None:
            self.cancel.check()
            watch.progress(min(max(share, 0.0), 1.0), text)

        for number, step in enumerate(self.steps, 1):
            self.cancel.check()
            before = step.key in noted
            watch.step(number, len(self.steps), step.title, before=before)
            if before:
                continue
            noted[step.key] = step.work(progress)
            if self.state is not None:
                self.state.finish(step.key, noted[step.key])
        return noted
