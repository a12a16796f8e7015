"""Statistics that judge works: what was there before, what is there after, and how far it can be told apart."""

from cityloop.evidence.before_after import Before, Measured, fit_before, measure_after
from cityloop.evidence.grading import grade

__all__ = ["Before", "Measured", "fit_before", "grade", "measure_after"]
