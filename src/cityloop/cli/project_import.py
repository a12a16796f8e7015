"""`cityloop project import`: the city's own project list, shown row by row; with --yes what is certain is entered."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cityloop.cli.options import CityArg, JsonOpt, LangOpt, ReasonOpt, WhoOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.contracts import View
    from cityloop.formats.project_list import ProjectList
    from cityloop.loop.project_list import Examined

__all__ = ["TEXTS", "import_list"]

TEXTS = {
    "row": Pair("row", "行"),
    "name": Pair("project", "项目名称"),
    "investment": Pair("investment", "总投资"),
    "problem": Pair("problem", "对应问题"),
    "ailments": Pair("ailments", "病症"),
    "state": Pair("state", "处理"),
    "none": Pair("no observed problem", "无对应的已观测问题"),
    "proposed": Pair("proposed: {problem}", "建议：{problem}"),
    "count": Pair("{found} found, {open} cannot be told", "{found} 项存在，{open} 项无法判断"),
    "head": Pair("{row}  {name}", "第 {row} 行  {name}"),
    "match": Pair("  problem: {problem} (score {score}; {why})", "  对应问题：{problem}（匹配度 {score}；{why}）"),
    "no_match": Pair("  no observed problem: {why}", "  无对应的已观测问题：{why}"),
    "proposal": Pair(
        "  proposed, not entered: {problem} (score {score}; {why}). To state it: --match {row}={id}",
        "  建议对应（未录入）：{problem}（匹配度 {score}；{why}）。确认请加 --match {row}={id}",
    ),
    "found": Pair("  ailment {n}, {title}: {why}. Cleared by: {cure}", "  病症 {n}“{title}”：{why}。消除办法：{cure}"),
    "state_it": Pair("  cannot be told; state: {what}", "  无法判断，请补充：{what}"),
    "fault": Pair("  fault, {where}: {text}", "  错误（{where}）：{text}"),
    "note": Pair("  {where}: {text}", "  {where}：{text}"),
    "remark": Pair("{where}: {text}", "{where}：{text}"),
    "where": Pair("{sheet}, row {row}", "工作表“{sheet}”第 {row} 行"),
    "where_column": Pair("{sheet}, row {row}, column {letter} “{column}”", "工作表“{sheet}”第 {row} 行 {letter} 列“{column}”"),
    "sheet": Pair("sheet {sheet}", "工作表“{sheet}”"),
    "on_record": Pair("on record", "已在册"),
    "ready": Pair("would be entered", "可录入"),
    "entered": Pair("entered", "已录入"),
    "same": Pair("on record, unchanged", "已在册，无变化"),
    "changed": Pair("would be changed", "将更新"),
    "confirm": Pair("needs --match", "待确认（--match）"),
    "no_problem": Pair("listed only", "仅列示"),
    "no_investment": Pair("no investment, not entered", "缺少总投资，不录入"),
    "other_currency": Pair("other currency, not entered", "币种不同，不录入"),
    "faulty": Pair("faulty, not entered", "有错误，不录入"),
    "decided": Pair("works decided on, stays as it is", "已决策实施，不再变更"),
    "absent": Pair("Entered before, no longer in this file: {names}.", "以前录入、本次文件中已没有：{names}。"),
    "absent_cure": Pair(
        "They stay until you withdraw them: --withdraw-missing --yes.", "这些项目保持不变；如需撤回，请加 --withdraw-missing --yes。"
    ),
    "withdrawn": Pair("Withdrawn: {names}.", "已撤回：{names}。"),
    "summary": Pair(
        "{projects} projects: {ready} for an observed problem, {confirm} to confirm, {none} without one, {faulty} that cannot be entered (faulty, in another currency, without investment).",
        "共 {projects} 个项目：{ready} 个对应已观测问题，{confirm} 个待确认，{none} 个无对应的已观测问题，{faulty} 个不能录入（有错误、币种不同或缺少总投资）。",
    ),
    "nothing_written": Pair(
        "Nothing was written. To enter what is certain: the same command with --yes.",
        "尚未写入任何内容。确认后请在同一命令后加 --yes，录入对应关系明确的项目。",
    ),
    "written": Pair(
        "{n} entered or changed. They compete in the next turn's plan: cityloop turn CITY.",
        "录入或更新 {n} 个项目，下一轮与其他对策一并比选：cityloop turn CITY。",
    ),
    "bad_match": Pair("Not ROW=PROBLEM.", "格式应为 行号=问题。"),
    "bad_match_row": Pair("The list has no project in this row.", "清单中该行没有项目。"),
    "many_rows": Pair("Several sheets have a project in this row.", "多个工作表的该行都有项目。"),
    "many_rows_cure": Pair("Write SHEET!ROW=PROBLEM.", "请写作 工作表!行号=问题。"),
}  # fmt: skip


def import_list(
    city: CityArg,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XLSX, XLS, ODS or CSV / 储备库文件")],
    match: Annotated[
        list[str] | None,
        typer.Option(
            "--match", metavar="ROW=PROBLEM", help="The problem a row answers; repeat / 指定某行所对应的问题，可重复"
        ),
    ] = None,
    unit: Annotated[
        str, typer.Option("--unit", metavar="UNIT", help="Of amounts without one, e.g. 万元 / 未注明单位的金额按此单位")
    ] = "",
    sheet: Annotated[str, typer.Option("--sheet", help="This sheet only / 只读该工作表")] = "",
    list_name: Annotated[
        str,
        typer.Option(
            "--list", metavar="NAME", help="What the list is called; default: the file's name / 清单名称，默认为文件名"
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Enter what is certain / 录入对应关系明确的项目")] = False,
    withdraw_missing: Annotated[
        bool,
        typer.Option("--withdraw-missing", help="Take back what the file no longer holds / 撤回文件中已没有的项目"),
    ] = False,
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Show a project list with problems and ailments; enter it with --yes / 核对项目储备库，加 --yes 后录入."""
    from cityloop.cli.exit_codes import FAULT
    from cityloop.cli.opening import opened
    from cityloop.cli.screen import print_json

    with opened(city) as open_city:
        from cityloop.cli.show import names
        from cityloop.formats.project_list import read_project_list

        found = read_project_list(file, unit=unit, sheet=sheet, name=list_name)
        session = _Session(open_city, found, who, reason)
        session.examine(match or [])
        if yes:
            session.write()
        if withdraw_missing and yes:
            session.withdraw()
        known, id = names(open_city), open_city.settings.id
        problems = session.problem_names(known)
        currency = open_city.settings.policy.currency
    if as_json:
        print_json(_document(id, found, session, currency))
    else:
        _tell(found, session, problems, currency)
    if any(e.state == "faulty" for e in session.rows) or any(r.level == "fault" for r in found.remarks):
        raise typer.Exit(FAULT)


class _Session:
    """One import: what was read, how it stands against the city, and what was written."""

    def __init__(self, city: Any, found: "ProjectList", who: str, reason: str) -> None:
        from datetime import UTC, datetime

        from cityloop.cli.options import decider

        self.city, self.found, self.reason = city, found, reason.strip()
        self.who, self.when = decider(who), datetime.now(UTC)
        self.written: set[str] = set()
        self.withdrawn: tuple[str, ...] = ()

    def examine(self, matches: Sequence[str]) -> None:
        """Look at every row as the city stands now."""
        from cityloop.loop.project_list import absent, examine

        view: View = self.city.view(self.when)
        self.rows: tuple[Examined, ...] = examine(self.found, view, self.city.domains, self._stated(matches))
        self.absent = absent(self.found, view)
        self.changes = {e.measure: bool(self._made(e, view)) for e in self.rows if e.state == "ready"}

    def _stated(self, matches: Sequence[str]) -> dict[tuple[str, int], list[str]]:
        """(sheet, row) -> Problems, of every --match."""
        from cityloop.cli.language import say
        from cityloop.cli.listing import chosen_id
        from cityloop.errors import InputError

        stated: dict[tuple[str, int], list[str]] = {}
        for text in matches:
            place, divided, problems = text.partition("=")
            sheet, _, row = place.strip().rpartition("!")
            if not divided or not row.isdecimal() or not problems.strip():
                raise InputError(
                    say(TEXTS["bad_match"]), where="--match", got=text, allowed="7=1, 7=0a1b2c, Sheet1!7=1"
                )
            rows = [p for p in self.found.projects if p.row == int(row) and sheet in ("", p.sheet)]
            if len(rows) != 1:
                known = ", ".join(
                    f"{p.sheet}!{p.row}" if rows else str(p.row) for p in rows or self.found.projects[:10]
                )
                what, cure = ("many_rows", say(TEXTS["many_rows_cure"])) if rows else ("bad_match_row", "")
                raise InputError(say(TEXTS[what]), where="--match", got=text, allowed=known, cure=cure)
            ids = [chosen_id(self.city, "problem", p.strip()) for p in problems.split(",")]
            stated.setdefault((rows[0].sheet, rows[0].row), []).extend(ids)
        return stated

    def _decision(self, row: "Examined") -> Any:
        from cityloop.loop.project_list import import_data
        from cityloop.records import Decision, record_id

        about, verb = row.answers[0], "import_project"
        id = record_id(self.city.settings.id, "decision", self.who, verb, row.measure, self.when.isoformat())
        data = import_data(row, self.found)
        return Decision(id=id, who=self.who, when=self.when, about=about, verb=verb, reason=self.reason, data=data)

    def _made(self, row: "Examined", view: Any) -> Sequence[Any]:
        from cityloop.loop.decision import apply

        return apply(self._decision(row), view, self.city.domains)

    def write(self) -> None:
        """Enter every row that is ready and says something new."""
        for row in self.rows:
            if self.changes.get(row.measure):
                self.city.decide(self._decision(row))
                self.written.add(row.measure)

    def withdraw(self) -> None:
        """Take back what the file no longer holds."""
        from cityloop.records import Decision, record_id

        city = self.city.settings.id
        for measure in self.absent:
            id = record_id(city, "decision", self.who, "withdraw_project", measure.id, self.when.isoformat())
            data: dict[str, float | str] = {"measure": measure.id, "list": self.found.name}
            self.city.decide(
                Decision(
                    id=id, who=self.who, when=self.when, about=measure.answers[0], verb="withdraw_project",
                    reason=self.reason, data=data,
                )
            )  # fmt: skip
        self.withdrawn = tuple(m.id for m in self.absent)

    def problem_names(self, known: Mapping[str, str]) -> dict[str, str]:
        """Problem id -> what it is and where, in the language of this run."""
        from cityloop.cli.language import say
        from cityloop.cli.show import kind
        from cityloop.records import Filter, Problem

        join = Pair("{kind} in {where}", "{where}{kind}")
        return {
            p.id: say(join, kind=kind(p.kind), where=known.get(p.boundary, p.boundary))
            for p in self.city.store.records(Problem, Filter.operator())
        }

    def state(self, row: "Examined") -> str:
        """Key of TEXTS for what happens to a row."""
        if row.state != "ready":
            return row.state
        if row.measure in self.written:
            return "entered"
        if not self.changes[row.measure]:
            return "same"
        return "changed" if row.on_record else "ready"


# --- for a program -------------------------------------------------------------------------------------------------
def _document(id: str, found: "ProjectList", session: _Session, currency: str) -> dict[str, Any]:
    from cityloop.loop.project_list import list_remarks

    def remark(r: Any) -> dict[str, Any]:
        return {"level": r.level, "sheet": r.sheet, "row": r.row, "column": r.column, "text": r.text._asdict()}

    rows = []
    for e in session.rows:
        p = e.project
        rows.append(
            {
                "sheet": p.sheet, "row": p.row, "name": p.name, "state": session.state(e), "countermeasure": e.measure,
                "investment": p.investment, "operation": p.operation, "income": p.income, "yearly": p.yearly, "life": p.life,
                "start": p.start, "end": p.end, "texts": p.texts, "answers": e.answers, "why": e.why._asdict(),
                "matches": [{"problem": m.problem, "score": m.score, "why": m.why._asdict()} for m in e.matches],
                "ailments": [
                    {
                        "number": n, "key": d.key, "title": d.title._asdict(), "verdict": d.verdict,
                        "because": d.because._asdict(), "cure": d.cure._asdict(),
                    }
                    for n, d in enumerate(e.ailments, 1)
                ],
                "remarks": [remark(r) for r in p.remarks],
            }
        )  # fmt: skip
    return {
        "city": id, "file": str(found.path), "list": found.name, "columns": found.columns, "projects": rows,
        "remarks": [remark(r) for r in found.remarks],
        "currencies": [r._asdict() for r in list_remarks(found, currency)],
        "absent": [c.id for c in session.absent], "withdrawn": session.withdrawn, "written": sorted(session.written),
    }  # fmt: skip


# --- for a person --------------------------------------------------------------------------------------------------
def _tell(found: "ProjectList", session: _Session, problems: Mapping[str, str], currency: str) -> None:
    from cityloop.cli.language import say
    from cityloop.cli.screen import print_lines, print_table
    from cityloop.loop.project_list import list_remarks

    several = len(found.columns) > 1
    rows = [_table_row(e, session, problems, several) for e in session.rows]
    print_table([say(TEXTS[k]) for k in ("row", "name", "investment", "problem", "ailments", "state")], rows)
    for e in session.rows:
        print_lines("", *_row_lines(e, problems, several))
    notes = [say(TEXTS["remark"], where=_where(r), text=say(r.text)) for r in found.remarks]
    print_lines("", *notes, *(say(r) for r in list_remarks(found, currency)))
    ready = sum(e.state in ("ready", "decided") for e in session.rows)
    counts = {s: sum(e.state == s for e in session.rows) for s in ("confirm", "no_problem")}
    print_lines(
        say(
            TEXTS["summary"], projects=len(session.rows), ready=ready,
            confirm=counts["confirm"], none=counts["no_problem"], faulty=len(session.rows) - ready - sum(counts.values()),
        )
    )  # fmt: skip
    if session.absent:
        named = "、".join(c.title_zh for c in session.absent)
        print_lines(say(TEXTS["withdrawn" if session.withdrawn else "absent"], names=named))
        if not session.withdrawn:
            print_lines(say(TEXTS["absent_cure"]))
    if session.written:
        print_lines(say(TEXTS["written"], n=len(session.written)))
    elif any(session.changes.values()):
        print_lines(say(TEXTS["nothing_written"]))


def _row_name(e: "Examined", several: bool) -> str:
    return f"{e.project.sheet}!{e.project.row}" if several else str(e.project.row)


def _table_row(e: "Examined", session: _Session, problems: Mapping[str, str], several: bool) -> list[str]:
    from cityloop.cli.language import say

    shown = say(Pair(", ", "、")).join(dict.fromkeys(problems.get(m.problem, m.problem) for m in e.matches))
    problem = say(TEXTS["none"]) if not e.matches else shown if e.answers else say(TEXTS["proposed"], problem=shown)
    verdicts = [d.verdict for d in e.ailments]
    count = say(TEXTS["count"], found=verdicts.count("found"), open=verdicts.count("cannot_tell"))
    state = say(TEXTS[session.state(e)])
    return [_row_name(e, several), e.project.name, _money(e), problem, count, state]


def _money(e: "Examined") -> str:
    from cityloop.cli.language import language
    from cityloop.cli.show import number
    from cityloop.i18n import LANGUAGES
    from cityloop.report.numbers import money_unit

    amount = e.project.investment
    if amount is None:
        return "-"
    unit, scale = money_unit(amount.currency, amount.value)
    return f"{number(amount.value * scale[LANGUAGES.index(language())])} {unit.in_(language())}"


def _row_lines(e: "Examined", problems: Mapping[str, str], several: bool) -> list[str]:
    """A row in words: its problem or none, what ails it and how that is cleared, what is to be stated, its faults."""
    from cityloop.cli.choose import hash_of
    from cityloop.cli.language import say

    row = _row_name(e, several)
    lines = [say(TEXTS["head"], row=row, name=e.project.name)]
    for m in e.matches:
        parts = {"problem": problems.get(m.problem, m.problem), "score": f"{m.score:.1f}", "why": say(m.why)}
        lines.append(say(TEXTS["match" if e.answers else "proposal"], row=row, id=hash_of(m.problem), **parts))
    if not e.matches:
        lines.append(say(TEXTS["no_match"], why=say(e.why)))
    for n, d in enumerate(e.ailments, 1):
        if d.verdict == "found":
            lines.append(say(TEXTS["found"], n=n, title=say(d.title), why=say(d.because), cure=say(d.cure)))
    missing = [f"{n} {say(d.cure)}" for n, d in enumerate(e.ailments, 1) if d.verdict == "cannot_tell"]
    if missing:
        lines.append(say(TEXTS["state_it"], what=say(Pair("; ", "；")).join(missing)))
    lines += [say(TEXTS[r.level], where=_where(r), text=say(r.text)) for r in e.project.remarks]
    return lines


def _where(remark: Any) -> str:
    from cityloop.cli.language import say

    key = "where_column" if remark.column else "where" if remark.row else "sheet"
    letter, _, column = remark.column.partition(" ")
    return say(TEXTS[key], sheet=remark.sheet, row=remark.row, letter=letter, column=column)
