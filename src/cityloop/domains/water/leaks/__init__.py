"""Leaks: the lasting rise of a night flow, its onset and size, where it is, and what a crew finds."""
