"""Statistics that judge works: the level before, the level after, and how far the two can be told apart."""

from cityloop.evidence.before_after import Before, Measured, fit_before, measure_after
from cityloop.evidence.grading import Grade, grade

__all__ = ["Before", "Grade", "Measured", "fit_before", "grade", "measure_after"]
