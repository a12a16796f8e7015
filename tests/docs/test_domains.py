"""docs/domains.md is what its generator makes of the domains that are installed."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def _generator():
    spec = importlib.util.spec_from_file_location("make_domains", DOCS / "make_domains.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_domains_page_when_made_anew_then_it_is_the_committed_one():
    assert _generator().page() == (DOCS / "domains.md").read_text(encoding="utf-8")


def test_domains_page_when_a_domain_is_added_then_it_has_a_row_with_its_kinds(install):
    install("add-a-domain.md")
    rows = [line for line in _generator().page().splitlines() if line.startswith("| Street lighting")]
    assert len(rows) == 1
    assert "`replace_photocell`" in rows[0]
