"""What each rule world says of one and the same balance: its own index, its own limit, its own verdict.

China grades losses by 漏损率 after corrections, the other worlds look at the ILI; the lowest service pressure differs too. A
verdict is `undecided` where the interval of the value crosses the limit.
"""

from dataclasses import dataclass

from cityloop.contracts import NormRule, View
from cityloop.domains.water.losses.performance import Performance
from cityloop.i18n import Pair
from cityloop.records import Estimate

__all__ = ["INDICATOR_OF", "QUESTIONS", "Verdict", "differ", "verdicts"]

#: Question -> the norm keys that may answer it, in each world the first that has a limit; and which way is better.
QUESTIONS: dict[str, tuple[Pair, tuple[str, ...], bool]] = {
    "losses": (Pair("Losses", "漏损"), ("loss_rate", "ili"), False),
    "losses_2": (Pair("Losses, second grade", "漏损（二级）"), ("loss_rate_grade_2",), False),
    "target": (Pair("Losses, policy target", "漏损（政策目标）"), ("loss_rate_target",), False),
    "pressure": (Pair("Service pressure", "供水压力"), ("pressure_pass_rate",), True),
}
#: A norm's key -> the indicator that it limits, where that is not of the same name.
INDICATOR_OF = {"loss_rate_grade_2": "loss_rate", "loss_rate_target": "loss_rate"}
#: Rules of CJJ 92 whose corrections R1 to R4 are known from secondary text only, whatever the status of the rule itself.
_CORRECTED = ("loss_rate", "loss_rate_grade_2", "loss_rate_target")


@dataclass(frozen=True)
class Verdict:
    """One world on one question: `verdict` is meets, fails, undecided, no_rule or not_known. `rule` None = nothing found.

    `indicator` is the key of the value in Performance.indicators. `status` is the weaker of the rule's and its formula's.
    """

    question: str
    world: str
    rule: NormRule | None
    indicator: str
    value: Estimate | None
    verdict: str
    status: str
    beside: NormRule | None = None
    """The limit of a single reading, where the rule counts readings."""


def verdicts(view: View, found: Performance) -> tuple[Verdict, ...]:
    """Every question by every world that city.toml names, the binding one first."""
    worlds = [w for w in (view.policy.binding_norm, *view.policy.compare_norms) if w]
    return tuple(_verdict(view, found, question, world) for question in QUESTIONS for world in worlds)


def _verdict(view: View, found: Performance, question: str, world: str) -> Verdict:
    _, keys, higher = QUESTIONS[question]
    rules = [rule for key in keys if (rule := view.norm(key, world)) is not None]
    rule = next((r for r in rules if r.limit is not None), None)
    beside = view.norm("service_pressure", world) if question == "pressure" else None
    if rule is None or rule.limit is None:
        absent = rules[0] if rules else None
        indicator = f"pressure_pass_rate:{world}" if beside is not None else ""
        value = found.indicators.get(indicator)
        return Verdict(question, world, absent, indicator if value else "", value, "no_rule", "unconfirmed", beside)
    indicator = INDICATOR_OF.get(rule.key, rule.key)
    if question == "pressure":
        indicator = f"pressure_pass_rate:{world}"
    value = found.indicators.get(indicator)
    status = "unconfirmed" if rule.key in _CORRECTED else rule.status
    if value is None:
        return Verdict(question, world, rule, indicator, None, "not_known", status, beside)
    return Verdict(question, world, rule, indicator, value, _judge(value, rule.limit, higher=higher), status, beside)


def _judge(value: Estimate, limit: float, *, higher: bool) -> str:
    """meets where the whole interval keeps the limit, fails where none of it does.

    >>> _judge(Estimate(value=11, low=9, high=13, level=0.9, unit="%"), 10, higher=False)
    'undecided'
    """
    kept = [(end >= limit) if higher else (end <= limit) for end in (value.low, value.high)]
    return "meets" if all(kept) else "undecided" if any(kept) else "fails"


def differ(found: tuple[Verdict, ...]) -> list[str]:
    """Questions that the worlds with a rule do not answer alike."""
    answers: dict[str, set[str]] = {}
    for v in found:
        if v.verdict in ("meets", "fails", "undecided"):
            answers.setdefault(v.question, set()).add(v.verdict)
    return [question for question in QUESTIONS if len(answers.get(question, ())) > 1]
