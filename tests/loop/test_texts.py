"""What the loop says: both languages, the same placeholders."""

import re

import pytest

from cityloop.loop.texts import NOTES, REASONS, RULES, reason, span


@pytest.mark.parametrize("pair", [*NOTES.values(), *REASONS.values(), *RULES.values()], ids=lambda p: p.en[:20])
def test_texts_then_both_languages_fill_the_same_gaps(pair):
    fields = [set(re.findall(r"{(\w+)}", text)) for text in pair]
    assert fields[0] == fields[1] and pair.en.isascii() and re.search(r"[一-鿿]", pair.zh)
    assert " | " not in pair.en + pair.zh


def test_reason_with_a_bilingual_name_then_each_language_gets_its_own():
    assert (
        reason("one_of", other="Survey | 检漏")
        == "Excluded by Survey: only one of their group. | 与“检漏”互斥：同组只能选一项。"
    )


def test_span_then_english_first():
    assert span("A. | 甲。", "", "B. | 乙。") == "A. B. | 甲。乙。"
