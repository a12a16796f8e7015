"""What a Verification says: both languages, the same placeholders."""

import re

import pytest

from cityloop.loop.verification_texts import NOTES


@pytest.mark.parametrize("pair", NOTES.values(), ids=NOTES)
def test_notes_then_both_languages_fill_the_same_gaps(pair):
    fields = [set(re.findall(r"{(\w+)}", text)) for text in pair]
    assert fields[0] == fields[1] and re.search(r"[一-鿿]", pair.zh)
    assert " | " not in pair.en + pair.zh
