"""One city: definition, feeds, decisions and turns; the only place where store, domains, loop and sources meet."""

from cityloop.city.city import STEPS, City, TakeSummary, TurnSummary

__all__ = ["STEPS", "City", "TakeSummary", "TurnSummary"]
