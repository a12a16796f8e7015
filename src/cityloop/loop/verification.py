"""Judging works from observations alone, against the Baseline frozen at their start. No simulator comes in here."""

from collections.abc import Sequence

from cityloop.contracts import Domain, View
from cityloop.records import Verification

__all__ = ["verify"]


def verify(view: View, domains: Sequence[Domain]) -> list[Verification]:
    """New or changed Verifications of every frozen Baseline whose works are all done."""
    return []
