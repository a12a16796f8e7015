"""Jobs: work of named steps that shows its progress, stops when asked and goes on where it stopped. Nothing prints here."""

from cityloop.jobs.job import Cancel, Job, Step, StepWork, Watch
from cityloop.jobs.state import JobState

__all__ = ["Cancel", "Job", "JobState", "Step", "StepWork", "Watch"]
