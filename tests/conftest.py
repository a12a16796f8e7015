"""Fixtures for every test."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Folder of the test data (bwdf, water_networks, ...); tests that need it are skipped without it."""
    folder = os.environ.get("CITYLOOP_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the test data: set CITYLOOP_TEST_DATA to the folder that holds bwdf and water_networks")
    return Path(folder)
