"""Pumping on the tariff: what it costs, and when pumps should run."""
