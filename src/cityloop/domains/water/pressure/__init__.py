"""Pressure: too low or too high, and what valves and pumps can do about it."""
