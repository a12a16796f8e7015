"""OGC SensorThings API 1.1 (OGC 18-088) over the city's records and observations."""

from cityloop.web.sensorthings.answers import (
    create_observations,
    delete_observation,
    get_resource,
    get_root,
    patch_observation,
    post_observation,
)
from cityloop.web.sensorthings.create import post_entity

__all__ = [
    "create_observations", "delete_observation", "get_resource", "get_root", "patch_observation", "post_entity",
    "post_observation",
]  # fmt: skip
