"""A served city from Python: typed calls, records as records, observations as Arrow tables and frames.

>>> from cityloop.client import Client
>>> with Client("http://127.0.0.1:8440", "clk_...") as city:  # doctest: +SKIP
...     city.send([{"datastream": "gate-meter", "time": "2026-06-01T08:00:00+08:00", "value": 12.5}])
...     city.observations("gate-meter").frame()
"""

from cityloop.client.answers import Event, Job, Refused, Rows, Sent, Turn
from cityloop.client.client import Client
from cityloop.client.line import Unreachable

__all__ = ["Client", "Event", "Job", "Refused", "Rows", "Sent", "Turn", "Unreachable"]
