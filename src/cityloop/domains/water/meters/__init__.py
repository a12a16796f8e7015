"""What the measuring itself does wrong: loggers and flow meters that fail or drift, boundaries that change; where the next loggers should stand."""
