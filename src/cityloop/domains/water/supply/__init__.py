"""Supply against demand: drought stages, and what answers a shortage."""
