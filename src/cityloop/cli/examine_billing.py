"""What `cityloop doctor` says about billing tables: files that cannot be read, rows that are no bills, what was read."""

from cityloop.cli.finding import Finding, fault_of, filled, named
from cityloop.errors import InputError
from cityloop.i18n import Pair
from cityloop.settings import CitySettings

__all__ = ["TEXTS", "examine_billing"]

TEXTS = {
    "read": Pair(
        "{name}: {bills} bills of {accounts} accounts from {start} to {end}",
        "{name}：{accounts} 个账目共 {bills} 笔账单，{start} 至 {end}",
    ),
    "refused": Pair(
        "{name}: {n} rows are no bills, the first: {where}, {why}", "{name}：{n} 行不能作为账单，首行 {where}，{why}"
    ),
    "summed": Pair(
        "{name}: {n} rows share account and period with another and are added to it, the first: {where}",
        "{name}：{n} 行与另一行账目、账期相同，已相加，首行 {where}",
    ),
    "estimated": Pair("{name}: {n} bills are estimates", "{name}：{n} 笔账单为估算"),
}
_CHECK = Pair("billing", "售水量")


def examine_billing(settings: CitySettings) -> list[Finding]:
    """One table after the other."""
    from datetime import timedelta

    from cityloop.formats.billing import read_billing_files
    from cityloop.report.refusals import refused_reason
    from cityloop.sources.billing import BillingSource

    found: list[Finding] = []
    for stated in settings.billing:
        try:
            table = read_billing_files(stated, BillingSource(stated, city=settings).files(), settings.boundaries)
        except InputError as fault:
            found.append(fault_of("billing", fault))
            continue
        if table.bills:
            accounts = len({b.account for b in table.bills})
            start, end = min(b.start for b in table.bills), max(b.end for b in table.bills) - timedelta(days=1)
            found.append(
                _say("ok", filled(TEXTS["read"], name=stated.name, bills=len(table.bills), accounts=accounts, start=start,
                                  end=end))
            )  # fmt: skip
        if table.refused:
            first = table.refused[0]
            why = refused_reason(f"{first.code}: {first.detail}")
            found.append(
                _say(
                    "fault",
                    filled(TEXTS["refused"], name=stated.name, n=len(table.refused), where=first.where, why=why),
                )
            )
        if shared := [b for b in table.bills if b.rows > 1]:
            n = sum(b.rows - 1 for b in shared)
            found.append(_say("note", filled(TEXTS["summed"], name=stated.name, n=n, where=shared[0].where[1])))
        if estimated := sum(b.estimated > 0 for b in table.bills):
            found.append(_say("note", filled(TEXTS["estimated"], name=stated.name, n=estimated)))
    return found


def _say(level: str, text: Pair) -> Finding:
    return Finding("billing", level, Pair(named(_CHECK.en, text).en, named(_CHECK.zh, text).zh))  # type: ignore[arg-type]
