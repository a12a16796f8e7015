"""Makes the example city 示例片区: a made-up Chinese district. Everything in it is drawn from one seed; nothing is real."""
