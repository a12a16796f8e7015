"""The command line: one verb per thing a person does with a city. Heavy rooms are loaded inside the verbs only."""
