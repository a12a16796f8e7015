"""OGC SensorThings API 1.1 (OGC 18-088) over the city's records and observations."""

from cityloop.web.sensorthings.answers import create_observations, get_resource, get_root, post_observation

__all__ = ["create_observations", "get_resource", "get_root", "post_observation"]
