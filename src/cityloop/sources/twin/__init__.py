"""Source "twin": plays a city that has no live feed, on a network that is never the one the loop knows.

Its truth lives in the Twin object alone: no record and no batch holds it.
"""

from cityloop.sources.twin.scenario import Failure, Leak, Scenario
from cityloop.sources.twin.source import Twin
from cityloop.sources.twin.truth import Truth
from cityloop.sources.twin.works import FinishedWork

__all__ = ["Failure", "FinishedWork", "Leak", "Scenario", "Truth", "Twin"]
