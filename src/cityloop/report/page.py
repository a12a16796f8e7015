"""From the plain structure to one HTML file in two languages that loads nothing and needs no script."""

import base64
import hashlib
from functools import partial
from importlib.resources import files
from string import Formatter

from markupsafe import Markup, escape

from cityloop.i18n import LANGUAGES, Language
from cityloop.report.blocks import Badge, Block, Figure, Inline, Lines, Report, Sentence
from cityloop.report.readers import DOORS

__all__ = ["render", "spoken"]


def render(report: Report) -> str:
    """The page. All data are escaped; the only script remembers the language, and a policy lets no other run."""
    from jinja2 import Environment, StrictUndefined

    folder = files("cityloop.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"spoken": partial(spoken, traced=report.traced), "kind": _kind}
    script = (folder / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    template = environment.from_string((folder / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        report=report, css=Markup((folder / "page.css").read_text(encoding="utf-8")), script=Markup(script),
        script_hash=digest, badge=Badge, Markup=Markup, doors=DOORS if report.reader == "all" else {},
    )  # fmt: skip


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def spoken(inline: Inline, *, traced: bool = True) -> Markup:
    """An inline in both languages; where they are the same, once."""
    en, zh = (_in(inline, language, traced) for language in LANGUAGES)
    if en == zh:
        return en
    return Markup('<span class="en" lang="en">{}</span><span class="zh" lang="zh-Hans">{}</span>').format(en, zh)


def _in(inline: Inline, language: Language, traced: bool) -> Markup:
    """An inline in one language."""
    if isinstance(inline, str):
        return escape(inline)
    if isinstance(inline, Figure):
        return _figure(inline, language) if traced else escape(inline.text.in_(language))
    if isinstance(inline, Badge):
        return Markup('<span class="badge {}">{}</span>').format(inline.kind, inline.text.in_(language))
    if isinstance(inline, Lines):
        lines = [Markup("<div>{}</div>").format(text) for x in inline.lines if (text := _in(x, language, traced))]
        return Markup("").join(lines)
    if isinstance(inline, Sentence):
        return _sentence(inline, language, traced)
    return escape(inline.in_(language))


def _sentence(sentence: Sentence, language: Language, traced: bool) -> Markup:
    out = Markup("")
    for literal, name, _, _ in Formatter().parse(sentence.template.in_(language)):
        out += escape(literal)
        if name is not None:
            out += _in(sentence.parts[name], language, traced)
    return out


def _figure(figure: Figure, language: Language) -> Markup:
    """A value with its trace; `data-scale` only where the shown number is another unit's."""
    at = LANGUAGES.index(language)
    scale = figure.scale[at]
    more = Markup(' data-scale="{}"').format(repr(scale)) if scale != 1.0 else Markup("")
    value = figure.value if isinstance(figure.value, str) else repr(figure.value)
    return Markup('<data{c} value="{v}" data-ref="{r}" data-value="{v}"{m}>{t}</data>').format(
        c=Markup(' class="long"') if len(value) > 40 else "", v=value, r=figure.ref, m=more, t=figure.text.in_(language)
    )
