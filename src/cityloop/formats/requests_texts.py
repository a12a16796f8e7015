"""What is said about rows and cells of requests that cannot be used as they stand, in both languages."""

from cityloop.i18n import LANGUAGES, Pair

__all__ = ["FILE_REMARKS", "REFUSALS", "REMARKS", "both", "filled"]

#: Why a row is refused; it lies in quarantine.
REFUSALS = {
    "no_number": Pair("the row has no number", "该行没有工单编号"),
    "number_lost": Pair(
        "the number is stored as a numeral of more than 15 digits, whose last digits a workbook loses; format the column as text",
        "编号以数值形式存储且超过 15 位，电子表格已丢失末几位；请将该列设为文本格式",
    ),
    "no_time": Pair("the row does not say when the request was accepted", "该行没有受理时间"),
    "unread_time": Pair("the time of acceptance cannot be read: {text}", "受理时间无法识别：{text}"),
    "superseded": Pair(
        "{place} gives a later state of the same number", "{place} 给出了同一编号的更新状态"
    ),
}  # fmt: skip
#: What a request itself remembers about its row.
REMARKS = {
    "no_place": Pair("The row names no place.", "该行没有地点信息。"),
    "half_position": Pair("Only one coordinate is given: no position.", "只有一个坐标值，不作为位置。"),
    "not_coordinates": Pair("The coordinates are not numbers: no position.", "坐标不是数值，不作为位置。"),
    "zero": Pair("Coordinates 0, 0 are no position.", "坐标为 0, 0，不作为位置。"),
    "no_crs": Pair(
        "The coordinates come without their system and are not used; state crs in city.toml.",
        "坐标未注明坐标系，未采用；请在 city.toml 中写明 crs。",
    ),
    "unknown_crs": Pair(
        "The system “{text}” of the coordinates is not known: they are not used.", "坐标系“{text}”无法识别，坐标未采用。"
    ),
    "swapped": Pair(
        "Longitude and latitude look swapped: not used, not turned round.", "经度与纬度疑似填反，未采用，也未代为对调。"
    ),
    "outside": Pair(
        "The position lies outside the area of its system ({crs}): not used.", "位置超出坐标系（{crs}）适用范围，未采用。"
    ),
    "grid_lost": Pair(
        "The grid code is stored as a numeral of more than 15 digits and has lost its last ones: not used.",
        "网格码以数值形式存储且超过 15 位，已丢失末几位，未采用。",
    ),
    "unread_step": Pair("{what}: “{text}” cannot be read as a time.", "{what}：“{text}”不是可识别的时间。"),
    "unread_due": Pair("The due time “{text}” cannot be read.", "办理期限“{text}”无法识别。"),
    "day_only": Pair("{what}: the day without a clock time.", "{what}：只有日期，没有钟点。"),
    "twice": Pair("{what}: an hour that comes twice; the first is taken.", "{what}：夏令时重复的时刻，按第一次计。"),
    "backwards": Pair(
        "{later} lies before {earlier}: the time between the two is not used.", "{later}早于{earlier}，两者间隔不作统计。"
    ),
    "says_open": Pair(
        "Its state is “{text}” although it has a closing time: taken as open.", "有办结时间，但状态为“{text}”，按未办结处理。"
    ),
    "no_closing": Pair("Closed without a closing time.", "已办结，但没有办结时间。"),
    "unknown_word": Pair("{what}: “{text}” counts as neither yes nor no.", "{what}：“{text}”既不计为是，也不计为否。"),
    "masked": Pair("{n} telephone, identity or e-mail number(s) taken out of its texts.", "文字中已隐去 {n} 处电话、证件或邮箱号码。"),
}  # fmt: skip
#: What must be known about a file as a whole.
FILE_REMARKS = {
    "personal": Pair(
        "{sheet}: columns about the caller were not taken over: {columns}", "{sheet}：诉求人信息列未收录：{columns}"
    ),
    "unread": Pair("{sheet}: columns that are not read: {columns}", "{sheet}：未读取的列：{columns}"),
    "doubled": Pair(
        "{sheet}: a second column of what another one holds was left out: {columns}", "{sheet}：内容重复的列未采用：{columns}"
    ),
    "no_table": Pair("{sheet}: no table of requests", "{sheet}：没有工单表"),
    "missing": Pair("{sheet}: no column of {fields}, so it is not read", "{sheet}：缺少{fields}列，未读取"),
    "hidden": Pair("{sheet}: hidden, not read; name it as sheet to read it", "{sheet}：为隐藏工作表，未读取；如需读取请写明 sheet"),
    "serial": Pair(
        "{n} times are plain numbers, read as Excel's day numbers (1900 system)", "{n} 个时间为纯数值，按 Excel 日期序号（1900 系统）读取"
    ),
    "totals": Pair("{n} rows of totals or repeated headers were passed over", "跳过合计行、重复表头 {n} 行"),
    "merged": Pair(
        "{n} cells stand in merged areas; the value counts for every row of its area", "{n} 个单元格位于合并区域，其值适用于区域内各行"
    ),
    "identical": Pair("{n} rows stand there twice and count once", "{n} 行重复出现，只计一次"),
}  # fmt: skip


def filled(pair: Pair, **values: object) -> Pair:
    """A pair with its placeholders filled; a value that is a Pair itself by language."""
    pairs = {k: v if isinstance(v, Pair) else Pair(str(v), str(v)) for k, v in values.items()}
    return Pair(*(pair.in_(lang, **{k: getattr(v, lang) for k, v in pairs.items()}) for lang in LANGUAGES))


def both(pair: Pair) -> str:
    """As records keep a text: "English | 中文"."""
    return f"{pair.en} | {pair.zh}"
