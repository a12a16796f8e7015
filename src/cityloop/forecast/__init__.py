"""Demand ahead of time: hourly, with intervals, on the wall clock, aware of calendar and weather."""

from cityloop.forecast.ahead import LONGEST_HOURS, Forecast, forecast
from cityloop.forecast.model import TITLES

__all__ = ["LONGEST_HOURS", "TITLES", "Forecast", "forecast"]
