"""The water balance from billed volumes, and the indices of every rule world."""
