"""What is said about the reading of a project list, in both languages."""

from cityloop.i18n import Pair

__all__ = ["REMARKS"]

REMARKS = {
    "no_header": Pair(
        "The sheet has no header of a project list; it was not read.", "该工作表没有项目清单的表头，未读取。"
    ),
    "hidden": Pair(
        "A hidden sheet; it was not read. Name it with --sheet to read it.", "隐藏工作表，未读取；如需读取请用 --sheet 指明。"
    ),
    "hidden_read": Pair("A hidden sheet; it was read since it was named.", "隐藏工作表，按指定读取。"),
    "unread": Pair("Columns that are not read: {columns}.", "未采用的列：{columns}。"),
    "doubled": Pair(
        "Columns that say the same as one to their left; not read: {columns}.", "与左侧列含义重复，未采用：{columns}。"
    ),
    "twice": Pair(
        "“{name}” stands in row {other} already; this row is not used. Give it a name or project code of its own.",
        "“{name}”与第 {other} 行重名，本行不采用；请另起名称或填写项目代码加以区分。",
    ),
    "no_name": Pair("No project name.", "缺少项目名称。"),
    "totals": Pair(
        "Totals and headings, not projects; left out: {names}.", "汇总行和分类标题，不作为项目：{names}。"
    ),
    "header_again": Pair("The header again; left out.", "表头重复出现，略过。"),
    "one_cell": Pair(
        "Only one cell is filled (“{text}”): a heading or a remark, not a project; left out.",
        "该行只有一个单元格有内容（“{text}”），按标题或说明处理，不作为项目。",
    ),
    "parts": Pair(
        "Rows {rows} are one project, since its name is merged over them; texts are joined, amounts added.",
        "第 {rows} 行的项目名称为合并单元格，按一个项目处理：文字合并，金额相加。",
    ),
    "cut": Pair("A text longer than {most} characters; the rest is not kept.", "文字超过 {most} 字，超出部分不保留。"),
    "merged": Pair(
        "“{text}” is merged over rows {rows}; it holds for each of them.", "“{text}”为合并单元格，适用于第 {rows} 行的每一行。"
    ),
    "money_merged": Pair(
        "One amount ({value}) is merged over several projects ({span}); it cannot be divided. State each project's own.",
        "一个金额（{value}）由多个项目合并共用（{span}），无法拆分；请分别填写各项目金额。",
    ),
    "no_number": Pair("{what}: “{got}” is not one amount.", "{what}：“{got}”不是一个明确的金额。"),
    "no_unit": Pair(
        "{what}: {got} has no unit (元, 万元 or 亿元?). Write it into the header, or state --unit 万元.",
        "{what}：{got} 未注明单位（元、万元还是亿元）；请在表头注明，或用 --unit 万元 指定。",
    ),
    "no_currency": Pair(
        "{what}: {got} has no currency. Write it into the header or the cell, or state --unit 万元.",
        "{what}：{got} 未注明币种；请在表头或单元格中注明，或用 --unit 万元 指定。",
    ),
    "negative": Pair("{what}: {got} is negative.", "{what}：{got} 为负数。"),
    "currencies_of_one": Pair(
        "The parts of one project are in several currencies ({got}); they cannot be added.",
        "同一项目各部分币种不同（{got}），不能相加。",
    ),
    "large": Pair("{amount} is very much; check the unit.", "{amount}，数额巨大，请核对单位。"),
    "odd_life": Pair("Years of use: “{got}” is not a number of years from 1 to 100.", "使用年限：“{got}”不是 1 至 100 的年数。"),
    "no_year": Pair("“{got}” names no year; it is kept as text.", "“{got}”未写明年份，仅作文字保留。"),
    "end_first": Pair("The works end ({end}) before they start ({start}).", "竣工时间（{end}）早于开工时间（{start}）。"),
    "total_differs": Pair(
        "The total says {total}, its {rows} rows add up to {sum} ({missing} without an amount in this currency). "
        "The rows count.",
        "汇总数为 {total}，所含 {rows} 行合计 {sum}（其中 {missing} 行没有该币种的金额），两者不符；以各行为准。",
    ),
    "total_without": Pair(
        "The total says {total}, its rows add up to {sum}; the difference is row {other} (“{name}”). The rows count.",
        "汇总数为 {total}，各行合计 {sum}，差额正是第 {other} 行（“{name}”）；以各行为准。",
    ),
}  # fmt: skip
