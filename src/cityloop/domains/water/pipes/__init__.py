"""Pipes over the years: renewal, new leaks, speed and quality of repair, district meters."""
