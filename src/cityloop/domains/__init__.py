"""Domains: one folder each; it says what is wrong (problems) and what can be done (countermeasures)."""
