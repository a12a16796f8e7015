"""`--help`: fast, in both languages, with the exit codes."""

import importlib
import json
import os
import pkgutil
import string
import subprocess
import sys
from pathlib import Path

import pytest

import cityloop.cli
from cityloop import errors
from cityloop.cli.exit_codes import EXIT_CODES
from cityloop.i18n import Pair

SRC = Path(__file__).parents[2] / "src"
HEAVY = ("wntr", "pandas", "scipy", "duckdb", "numpy", "pyarrow", "rich", "highspy", "jinja2")
VERBS = (
    "demo", "turn", "take", "problem", "goal", "countermeasure", "plan", "project", "verify", "report", "forecast", "place",
    "balance",
    "bench",
    "doctor", "map", "export", "import",
)  # fmt: skip
GROUPS = {
    "problem": ("list", "show", "acknowledge", "assign", "merge", "dismiss", "reopen"),
    "goal": ("list", "show"),
    "countermeasure": ("list", "show"),
    "plan": ("list", "show", "approve"),
    "project": ("list", "show", "add", "import", "set", "inspect"),
    "bench": ("verify", "detect", "loop", "forecast"),
}


def test_help_when_asked_then_loads_nothing_heavy() -> None:
    program = (
        "import sys, json; sys.argv = ['cityloop', '--help']\n"
        "from cityloop.__main__ import main\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "print('\\n' + json.dumps([code, sorted({m.split('.')[0] for m in sys.modules})]))"
    )
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=True)
    code, loaded = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    assert not set(HEAVY) & set(loaded)


def test_help_when_read_then_names_every_verb_and_exit_code(cli) -> None:
    shown = cli("--help")
    assert shown.code == 0
    for verb in VERBS:
        assert f"\n  {verb} " in shown.out
    for code, text in EXIT_CODES.items():
        assert f"{code}  {text.en} / {text.zh}" in shown.out


@pytest.mark.parametrize(
    "words", [(v,) for v in VERBS if v not in GROUPS] + [(g, v) for g, vs in GROUPS.items() for v in vs]
)
def test_help_of_a_verb_when_read_then_speaks_both_languages(cli, words: tuple[str, ...]) -> None:
    shown = cli(*words, "--help")
    assert shown.code == 0
    assert " / " in shown.out
    assert any("\u4e00" <= c <= "\u9fff" for c in shown.out)


def test_exit_codes_when_an_error_class_exists_then_its_code_is_documented() -> None:
    codes = {getattr(errors, name).exit_code for name in errors.__all__}
    assert codes <= set(EXIT_CODES)


def test_texts_when_in_two_languages_then_have_the_same_placeholders() -> None:
    seen = 0
    for module in pkgutil.iter_modules(cityloop.cli.__path__):
        for name, table in vars(importlib.import_module(f"cityloop.cli.{module.name}")).items():
            pairs = table.values() if isinstance(table, dict) and not name.startswith("__") else [table]
            for pair in pairs:
                if isinstance(pair, Pair) and pair.en:
                    fields = [{f for _, f, _, _ in string.Formatter().parse(t) if f} for t in pair]
                    assert fields[0] == fields[1], pair
                    assert any("\u4e00" <= c <= "\u9fff" for c in pair.zh) or "{" in pair.zh, pair
                    seen += 1
    assert seen > 100


def test_verb_when_unknown_then_input_error(cli) -> None:
    assert cli("problems").code == 2
    assert cli("project", "set", "a", "b", "finished").code == 2
