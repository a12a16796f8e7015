"""Own benches: what the product claims about itself, measured."""
