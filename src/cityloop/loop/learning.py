"""What works really brought against what was claimed, per kind of countermeasure: computed, never stored.

Random-effects mean over published values, this city's Verifications and the Patterns of other cities, with the
between-works variance of Paule and Mandel (1982), recommended for few studies by Veroniki et al. (2016).
"""

import re
from collections.abc import Sequence

from cityloop.contracts import Domain, Prior, View
from cityloop.evidence.normal import half_width
from cityloop.evidence.pooling import random_effects
from cityloop.records import Baseline, Countermeasure, Estimate, Pattern, Project, Realisation, Verification

__all__ = ["realisation_rates"]

#: From so many verified works on a rate counts as confirmed even if what was published is not.
ENOUGH = 3
#: Half of the interval of a rate that rests on what a crew found: assumed, since a find is not yet a fall of the flow.
INSPECTED_HALF = 0.5
#: Smallest standard error that one study may claim: a rate of one works is never known better.
LEAST_SE = 0.01


def realisation_rates(view: View, domains: Sequence[Domain]) -> dict[str, Realisation]:
    """Realisation rate by kind of countermeasure; the interval at the policy's level is that of the next works.

    Without any verified works it is the published value or wide prior itself. The interval is mean +- z * sqrt(se^2 +
    tau2), with the normal z: the prior keeps it from collapsing on one or two works. Until works are verified, what their
    crew found stands in with a wide interval; it never makes a rate confirmed.
    """
    rates = {}
    for domain in domains:
        for kind in domain.kinds():
            priors = _priors(domain, kind)
            studies = _verified(view, kind) + _imported(view, kind)
            inspected = _inspected(view, kind)
            if priors or studies or inspected:
                rates[kind] = _rate(view.policy.level, kind, priors, studies, inspected)
    return rates


def _priors(domain: Domain, kind: str) -> list[Prior]:
    """Published values `realisation_<kind>`, `realisation_<kind>_2`, ..."""
    pattern = re.compile(rf"realisation_{re.escape(kind)}(_\d+)?")
    return [domain.priors[key] for key in sorted(domain.priors) if pattern.fullmatch(key)]


def _verified(view: View, kind: str) -> list[Estimate]:
    """Rates of this city's Verifications whose works were all of one kind, against the claim before any rate.

    A claim contains the rate that it used, so measured / claimed is multiplied by that rate; else every turn would
    correct what the turn before corrected already.
    """
    measures = {c.id: c for c in view.records(Countermeasure)}
    works = {p.id: measures.get(p.countermeasure) for p in view.records(Project)}
    baselines = {b.id: b for b in view.records(Baseline)}
    found = []
    for v in view.records(Verification):
        done = [(p, works.get(p)) for p in v.projects]
        known = [(p, c) for p, c in done if c is not None and c.kind == kind]
        if v.realisation is not None and done and len(known) == len(done):
            held = baselines[v.baseline].parameters if v.baseline in baselines else {}
            rates = [held.get(f"rate_{p}", c.realisation.estimate.value) for p, c in known]
            found.append(_scaled(v.realisation, sum(r for r in rates if isinstance(r, int | float)) / len(rates)))
    return found


def _inspected(view: View, kind: str) -> list[Estimate]:
    """Rates of done works without a Verification: `realised_effect` of their findings / the claim before any rate."""
    measures = {c.id: c for c in view.records(Countermeasure) if c.kind == kind}
    verified = {p for v in view.records(Verification) for p in v.projects}
    found = []
    for project in view.records(Project):
        measure = measures.get(project.countermeasure)
        if measure is None or project.state != "done" or project.id in verified:
            continue
        brought = [float(f["realised_effect"]) for f in project.findings if "realised_effect" in f]
        claim = sum(e.estimate.value for e in measure.effects) / max(measure.realisation.estimate.value, LEAST_SE)
        if brought and claim > 0:
            rate = sum(brought) / claim
            found.append(
                Estimate(value=rate, low=rate - INSPECTED_HALF, high=rate + INSPECTED_HALF, level=0.9, unit="1")
            )
    return found


def _scaled(rate: Estimate, factor: float) -> Estimate:
    """An estimate times a positive factor."""
    return Estimate(
        value=rate.value * factor, low=rate.low * factor, high=rate.high * factor, level=rate.level, unit=rate.unit
    )


def _imported(view: View, kind: str) -> list[Estimate]:
    """Rates in Patterns of other cities; a Pattern made here would count its Verifications twice."""
    here = f"{view.city}:"
    return [
        p.realisation
        for p in view.records(Pattern)
        if p.kind == kind and p.realisation is not None and not any(v.startswith(here) for v in p.verifications)
    ]


def _rate(
    level: float, kind: str, priors: Sequence[Prior], studies: Sequence[Estimate], inspected: Sequence[Estimate]
) -> Realisation:
    source = "; ".join(p.source for p in priors)
    published = bool(priors) and all(p.status == "confirmed" for p in priors)
    if not studies and not inspected and len(priors) == 1:
        only = priors[0]
        estimate = Estimate(value=only.value, low=only.low, high=only.high, level=only.level, unit="1")
    else:
        values = [(p.value, _se(p.low, p.high, p.level)) for p in priors]
        values += [(s.value, _se(s.low, s.high, s.level)) for s in (*studies, *inspected)]
        pooled = random_effects([v for v, _ in values], [s for _, s in values])
        half = half_width(level) * pooled.spread
        estimate = Estimate(
            value=pooled.mean, low=pooled.mean - half, high=pooled.mean + half, level=level, unit="1"
        )  # fmt: skip
        counted = (f"{len(studies)} verified works", f"{len(inspected)} inspected works" if inspected else "")
        source = "; ".join(filter(None, (source, *counted)))
    return Realisation(
        kind=kind, estimate=estimate, studies=len(studies), source=source,
        status="confirmed" if published or len(studies) >= ENOUGH else "unconfirmed",
    )  # fmt: skip


def _se(low: float, high: float, level: float) -> float:
    """Standard error of an interval read as a normal one."""
    return max((high - low) / (2 * half_width(level)), LEAST_SE)
