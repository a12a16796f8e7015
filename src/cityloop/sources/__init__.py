"""Where observations come from: files of a city, and the twin of a city that has no live feed."""
