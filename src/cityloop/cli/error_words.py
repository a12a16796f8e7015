"""The errors that people meet most, in Chinese; a sentence that is not here stays in English behind its Chinese class."""

import re

__all__ = ["error_words"]

_WORDS = {
    # city.toml
    r"A required key is missing\.": "缺少必填项。",
    r"An unknown key\.": "未知的键。",
    r"An unknown time zone\.": "未知的时区。",
    r"A model file that does not exist\.": "模型文件不存在。",
    r"'(.+)' is not a unit of (\S+)\.": r"“\1”不是 \2 的单位。",
    r"State a unit of (\S+), for example '(.+)'\.?": r"请写出 \1 的单位，例如 \2",
    r"Did you mean '(.+)'\?": r"是否应为“\1”？",
    r"Did you mean (\S+)\?": r"是否应为“\1”？",
    # city.toml, norms, coordinates
    r"This folder has no city\.toml\.": "该文件夹中没有 city.toml。",
    r"Name a city folder, or write a city\.toml into it\.": "请指定城市文件夹，或在其中新建 city.toml",
    r"city\.toml cannot be read\.": "city.toml 无法读取。",
    r"A coordinate reference system that is not known\.": "未知的坐标系。",
    r"The system does not give positions on the ground\.": "该坐标系不表示地面位置。",
    r"State the horizontal system of your map\.": "请写明地图的平面坐标系",
    r"EPSG knows no such system\.": "EPSG 中没有该坐标系。",
    r"Look the number up at epsg\.org\.": "请在 epsg.org 查询编号",
    r"No norm table for this country\.": "没有该国家的规范表。",
    r"Unknown observed property\.": "未知的观测量。",
    r"Money of different currencies or price years cannot be summed\.": "不同币种或价格年份的金额不能相加。",
    r"State this price in the policy's currency and price year, under prices in city\.toml\.": (
        "请在 city.toml 的 prices 中按政策的币种和价格年份给出该单价"
    ),
    r"A tank that no model has\.": "模型中没有该水池。",
    r"Name a tank of the model\.": "请写模型中的水池",
    r"This city has no twin\.": "该城市没有孪生。",
    r"Leave out --sensors\.": "请去掉 --sensors",
    r"This city has no observations yet\.": "该城市尚无观测数据。",
    r"Take some first: cityloop take CITY\.": "请先收录：cityloop take CITY",
    r"The boundary has no inflow meter\.": "该分区没有进水流量计。",
    # tables
    r"The file has no line ends\.": "文件中没有换行。",
    r"Line ends are bare carriage returns\.": "换行仅有回车符（CR）。",
    r"Save it with LF or CRLF line ends\.": "请以 LF 或 CRLF 换行另存",
    r"The header is not (\S+)\.": r"表头不是 \1 编码。",
    r"The header is not CSV\.": "表头不是 CSV 格式。",
    r"A line without end\.": "有一行没有结尾。",
    r"A file of a form that is not read\.": "不支持的文件格式。",
    r"A column of a type that is not read\.": "不支持的列类型。",
    r"Not a Parquet file\.": "不是 Parquet 文件。",
    r"A damaged Parquet file\.": "Parquet 文件已损坏。",
    r"No sheet of this name\.": "没有该名称的工作表。",
    r"Not a workbook that can be read\.": "工作簿无法读取。",
    # project lists
    r"A project list larger than is read\.": "项目清单超出可读取的大小。",
    r"A sheet larger than is read\.": "工作表超出可读取的大小。",
    r"Clear the rows and columns beyond the table\.": "请清除表格以外的行和列",
    r"The workbook is protected by a password\.": "工作簿有密码保护。",
    r"Save it without one\.": "请取消密码后另存",
    r"Save it as XLSX or CSV\.": "请另存为 XLSX 或 CSV",
    r"The table is in none of the encodings that are tried\.": "文件编码无法识别。",
    r"The table is not CSV\.": "文件不是 CSV 格式。",
    r"Not a unit of money\.": "不是金额单位。",
    r"No sheet lists projects\.": "没有工作表列出项目。",
    r"a header row with 项目名称 / Project and one more column, for example (.+)": r"表头行须有“项目名称”和至少一列其他内容，例如 \1",
    r"More projects than are read\.": "项目数超出可读取的上限。",
    r"A listed project in another currency than the city's\.": "该项目的币种与本市规划币种不同。",
    r"A listed project without an investment\.": "该项目缺少总投资。",
    r"The works of this project are decided on already; its claim stays as it is\.": "该项目已决策实施，其预期值保持不变。",
    # models, engines, extensions
    r"The model file cannot be read\.": "模型文件无法读取。",
    r"Correct `file` in city\.toml\.": "请更正 city.toml 中的 file",
    r"No such network in wntr's library\.": "wntr 自带的管网中没有该名称。",
    r"The power engine is not installed\.": "未安装电力引擎。",
    r"Not a grid that pandapower can read\.": "pandapower 无法读取该电网文件。",
    r"A grid without an external grid\.": "电网没有外部电源点。",
    r"The power flow found no solution\.": "潮流计算不收敛。",
    r"EPANET found no solution\.": "EPANET 未求得解。",
    r"EPANET refused '(.+)'\.": r"EPANET 拒绝“\1”。",
    r"A simulation takes too long and was stopped\.": "一次模拟耗时过长，已停止。",
    r"A simulation's worker process ended\.": "模拟的工作进程意外结束。",
    r"Look for lack of memory; run again\.": "请检查内存是否不足，然后重新运行",
    r"A simulation failed\.": "模拟失败。",
    r"This city has no model\.": "该城市没有模型。",
    r"Name a model file in city\.toml\.": "请在 city.toml 中写明模型文件",
    r"No such engine\.": "没有该引擎。",
    r"Name one of them in city\.toml\.": "请在 city.toml 中选用其一",
    r"The manifest of the extension '(.+)' is not complete\.": r"扩展“\1”的清单不完整。",
    r"Two extensions named '(.+)' in (.+)\.": r"\2 中有两个名为“\1”的扩展。",
    r"Rename or uninstall one of them\.": "请改名或卸载其中之一",
    r"The extension '(.+)' cannot be loaded\.": r"扩展“\1”无法加载。",
    r"Install what it needs, or remove it\.": "请安装其依赖，或移除该扩展",
    # demo
    r"No such pilot\.": "没有该试点城市。",
    r"This folder holds a city that is not a demo\.": "该文件夹中是一个非演示城市。",
    r"Choose another folder: --out DIR\. Nothing was touched\.": "请用 --out 指定其他文件夹；未作任何改动",
    r"This folder holds a demo with other options\.": "该文件夹中是以其他选项运行的演示。",
    r"Choose another folder: --out DIR; or play it anew: --fresh\.": "请用 --out 指定其他文件夹，或用 --fresh 重新演示",
    r"Play it anew: --fresh, or elsewhere: --out DIR\.": "请用 --fresh 重新演示，或用 --out 指定其他文件夹",
    r"Choose another folder: --out DIR\.": "请用 --out 指定其他文件夹",
    r"The earlier demo cannot be removed\.": "旧演示无法删除。",
    r"The folder of the demo cannot be made\.": "演示文件夹无法创建。",
    r"Choose a folder that can be written: --out DIR\.": "请用 --out 指定可写的文件夹",
    # export, import, versions
    r"This is not a complete export: its manifest is missing\.": "导出不完整：缺少清单。",
    r"A file of the export is missing or was changed\.": "导出中有文件缺失或被改动。",
    r"Copy the export again or make a new one\.": "请重新复制或重新导出",
    r"This export has another format\.": "该导出的格式版本不同。",
    r"Restore it with the version of Cityloop that wrote it\.": "请用写出它的 Cityloop 版本恢复",
    r"The data folder was written by another version of Cityloop\.": "数据目录由其他版本的 Cityloop 写成。",
    r"Update Cityloop; nothing in the folder was changed\.": "请升级 Cityloop；目录未作任何改动",
    r"This file was not written by Cityloop\.": "该文件不是 Cityloop 写出的。",
    r"Move it away; the data folder belongs to Cityloop alone\.": "请将其移走；数据目录仅供 Cityloop 使用",
    r"A database file is not readable\.": "数据库文件无法读取。",
    # files
    r"Columns missing: (.+); more than once: (.+)\.": r"缺少列：\1；重复的列：\2。",
    r"Columns missing: (.+)\.": r"缺少列：\1。",
    r"Columns more than once: (.+)\.": r"重复的列：\1。",
    r"The header is one cell; state delimiter = (.+)": r"表头只有一格，请声明 delimiter = \1",
    r"Correct the column names in city\.toml, or delimiter and skip_lines\.": "请更正 city.toml 中的列名，或 delimiter 和 skip_lines",
    r"Source '(.+)' finds no file\.": r"来源“\1”找不到文件。",
    r"Correct the path; it is relative to the city folder\.": "请更正路径（相对于城市文件夹）",
    r"Source '(.+)' cannot read (\d+) files:": r"来源“\1”有 \2 个文件无法读取：",
    r"The file cannot be read\.": "文件无法读取。",
    r"The file is UTF-16 or binary\.": "文件为 UTF-16 或二进制。",
    r"Save it as CSV in UTF-8\.": "请另存为 UTF-8 编码的 CSV",
    # models
    r"EPANET cannot read the model\.": "EPANET 无法读取该模型。",
    r"Correct these lines of the file\.": "请更正文件中的这些行",
    r"The model gives an absurd result at (\d+) place\(s\)\.": r"模型在 \1 处给出不合常理的结果。",
    r"pressures within (\d+) m\.?": r"压力绝对值不超过 \1 m",
    r"Look for placeholder diameters, junctions cut off by closed links, or demand no pipe can carry \(cityloop doctor\)\.?": (
        "请检查占位管径、被关闭管段隔断的节点，或管道无法输送的需水量（cityloop doctor）"
    ),
    r"Pipes with a diameter that no main has \(placeholder or unit\?\): (\d+) of (\d+) \((.+)\)\.": (
        r"管径不合常理（占位值或单位有误？）的管道：\2 条中有 \1 条（\3）。"
    ),
    r"Pipes with an impossible length: (\d+) of (\d+) \((.+)\)\.": r"管长不合常理的管道：\2 条中有 \1 条（\3）。",
    r"Pipes without roughness: (\d+) of (\d+) \((.+)\)\.": r"未设粗糙系数的管道：\2 条中有 \1 条（\3）。",
    r"Junctions that no link joins to a tank or reservoir: (\d+) of (\d+) \((.+)\)\.": (
        r"与水池、水源均不连通的节点：\2 个中有 \1 个（\3）。"
    ),
    r"The model has no demand \(sum (\S+) L/s\): set demands before anything is simulated\.": (
        r"模型没有需水量（合计 \1 L/s）：模拟前请先设定。"
    ),
    r"Negative pressure at the start, lowest (\S+) m: (\d+) of (\d+) \((.+)\)\.": (
        r"起始时刻出现负压，最低 \1 m：\3 个节点中有 \2 个（\4）。"
    ),
    # registers of things
    r"A register that does not exist\.": "台账文件不存在。",
    r"A register that says nothing\.": "台账没有指定任何列。",
    r"Name its columns: numbers, texts or part_of\.": "请写明其列：numbers、texts 或 part_of",
    r"A property that is both\.": "同一属性既列为 numbers 又列为 texts。",
    r"Things that stand there twice\.": "同一对象出现两次。",
    r"Cells of (.+) that are not numbers\.": r"“\1”列中有非数字的单元格。",
    r"Rows in an unknown boundary\.": "所属分区未在 city.toml 中定义。",
    r"More rows than are read\.": "行数超出上限。",
    r"Name the column that says which thing a row is about\.": "请写明标识对象的列",
    # the twin goes on where files end
    r"A twin that sends before it starts\.": "孪生的发送日早于其起始日。",
    r"Set sends_from to the day after the last day of the files\.": "sends_from 应为文件最后一日的次日",
    r"The twin may not go on with a file of measurements\.": "孪生不得续写实测文件。",
    r"Take the twin out; or, if the file was simulated, say so\.": "请删去孪生；若该文件确为模拟数据，请写明 simulated = true",
    r"The twin cannot go on with this series\.": "孪生无法续发该序列。",
    # positions of devices
    r"A table of positions that does not exist\.": "位置表不存在。",
    r"Rows that cannot be read\.": "无法读取的行。",
    r"More positions than are read\.": "位置数量超出上限。",
    r"more than ([\d,]+)\.?": r"多于 \1",
    r"Name a table with one row per device\.": "请指定每台设备一行的表",
    r"Rows that name no thing\.": "未指明对象的行。",
    r"Write thing = \"meter:\{id\}\" in city\.toml, or kind:name in the column\.": (
        '请在 city.toml 中写 thing = "meter:{id}"，或在该列中写“类别:名称”'
    ),
    r"Positions without a coordinate\.": "缺少坐标的位置。",
    r"Complete the row or take it out\.": "请补全或删除该行",
    r"Coordinates that are not numbers\.": "坐标不是数字。",
    r"Write plain decimal numbers\.": "请写成普通小数",
    r"Things with two positions\.": "同一对象有两个位置。",
    r"Keep one row per thing\.": "每个对象只保留一行",
    r"x and y look swapped\.": "x、y 两列疑似颠倒。",
    r"x = easting or longitude, y = northing or latitude\.?": "x 为东坐标或经度，y 为北坐标或纬度",
    r"Write x = \"(.+)\", y = \"(.+)\" in city\.toml\.": r'请在 city.toml 中写 x = "\1"，y = "\2"',
    r"Positions outside the area of their system\.": "位置超出其坐标系的适用范围。",
    r"Correct crs in \[\[positions\]\], or these rows\.": "请更正 [[positions]] 的 crs，或更正这些行",
    r"The engine 'epanet' is absent: the package wntr, which brings EPANET, is not installed\.": (
        "缺少仿真引擎 epanet：未安装提供 EPANET 的软件包 wntr。"
    ),
    r"The engine 'epanet' is absent: wntr brings no EPANET for this architecture\.": (
        "缺少仿真引擎 epanet：wntr 不含适用于本机架构的 EPANET。"
    ),
    r"On one of these: (pip install .+); elsewhere, take this city's water model to one of these": (
        r"在上述平台上执行 \1；其他平台请将本市的供水模型移至上述平台运行"
    ),
    # data folder
    r"Another process owns this city\.": "该城市正被另一进程占用。",
    r"process (\d+)": r"进程 \1",
    r"Wait until process (\d+) ends or end it\.?": r"请等进程 \1 结束，或将其终止",
    r"No room left while .+; everything acknowledged before is safe\.": "磁盘空间已满；此前已确认写入的数据安全。",
    r"Free space on this disk and start the command again; it goes on where it stopped\.": "请清理磁盘后重新运行同一命令，将从中断处继续",
    r"The data folder may not be written while .+\.": "数据目录没有写入权限。",
    r"Give this user write access to the folder, or copy the city to a folder that can be written\.": (
        "请为当前用户授予写入权限，或将城市复制到可写的目录"
    ),
    r"The data folder is not a folder\.": "数据目录的位置上是一个文件。",
    r"The export folder is not empty\.": "导出目录不为空。",
    r"Name a new or an empty folder\.": "请指定新目录或空目录",
    r"The report cannot be written\.": "报告无法写入。",
    r"Name another folder with --out, or make room on the disk\.": "请用 --out 指定其他目录，或清理磁盘",
    r"The data folder is not empty\.": "数据目录不为空。",
    # forecast
    r"The learning method is not installed\.": "未安装学习型方法。",
    r"Install it: (.+)\.": r"请安装：\1",
    r"Too little history to forecast\.": "历史数据太少，无法预测。",
    r"Too little history to make intervals\.": "历史数据太少，无法给出区间。",
    r"no earlier forecast whose hours were observed": "没有可与观测对照的历史预测",
    r"(\d+) days and more, (\d+) hourly values in the last (\d+) days": r"\1 天以上，且最近 \3 天内有 \2 个以上小时值",
    r"(\d+) days, (\d+) hourly values in the last (\d+) days": r"\1 天，最近 \3 天内 \2 个小时值",
    r"Take more observations, or name a later time\.": "请收录更多观测，或指定更晚的时刻",
    r"Not a day\.": "不是有效的日期。",
    r"official, other, or days as (\S+)": r"official（官方周）、other（其他周），或形如 \1 的日期",
    r"No week could be judged\.": "没有可评测的周。",
    r"Name other weeks\.": "请指定其他周",
    r"The bench finds no table of inflows\.": "评测找不到进水流量表。",
    r"Name a folder with (.+) and (\S+)\.": r"请指定含有 \1 和 \2 的文件夹",
    # decisions
    r"A project that is (\w+) cannot become (\w+)\.": r"状态为“\1”的项目不能改为“\2”。",
    r"Go through the states in their order\.": "请按状态顺序逐步登记",
    r"Works that are (\w+) cannot be inspected\.": r"状态为“\1”的工程不能登记现场发现。",
    r"Set the project started first\.": "请先登记项目开工（started）",
    r"A problem that is (\w+) cannot be changed by (\w+)\.": r"状态为 \1 的问题不能执行 \2。",
    r"This plan is (\w+) already\.": r"该方案的状态已是 \1。",
    r"Approve the proposed plan, or run a turn to get a new one\.": "请批准待定（proposed）的方案，或运行一轮以得到新方案",
    r"(\w+) before it was (\w+)\.": r"“\1”的时间早于“\2”。",
    r"Correct the time of this state \(--on\), or give the one before it its own time\.": (
        "请更正该状态的时间（--on），或为前一状态写明其时间"
    ),
    r"from (\S+) on": r"\1 及以后",
    r"Done without a cost\.": "完工时未给出成本。",
    r"State data\.cost, or \"unknown\" where it cannot be told\.": "请用 --cost 给出成本，无法得知时写 unknown",
    r"A problem cannot be merged into itself\.": "问题不能并入自身。",
    r"Name another problem\.": "请指定另一个问题",
    r"No problem, plan or project has this id\.": "没有此编号的问题、方案或项目。",
    r"Assigned to nobody\.": "没有指明负责人。",
    r"Dismissed without a reason\.": "驳回时未说明理由。",
    r"Say why; the reason stays with the problem\.": "请说明理由，理由将与问题一并保存",
    r"The problem to merge into does not exist\.": "要并入的问题不存在。",
    r"The problem to merge into is itself merged\.": "要并入的问题本身已被并入其他问题。",
    r"Merging would go round in a circle\.": "合并会形成循环。",
    r"Merge the other way, or reopen one\.": "请反向合并，或重开其中之一",
    r"(\S+) is not a number from 0\.": r"\1 不是非负数。",
    r"(\S+) has no time zone\.": r"\1 未注明时区。",
    r"Add it: 2026-06-01T08:00\+08:00 or \.\.\.Z\.": "请注明时区，例如 2026-06-01T08:00+08:00",
    r"(\S+) is in the future\.": r"\1 是未来时间。",
    r"Record it when it has happened\.": "请在发生之后登记",
    r"(\S+) is not a time\.": r"\1 不是有效时间。",
    r"Works on a problem that is (\w+)\.": r"问题状态为 \1，不能增加工程。",
    r"Reopen it first, or name the problem it was merged into\.": "请先重开，或指明其并入的问题",
    r"Works without a name\.": "工程没有名称。",
    r"These works are there already\.": "该工程已存在。",
    r"Set their state, or give the new ones another name\.": "请登记其状态，或为新工程另取名称",
    r"Unknown state\.": "未知的状态。",
    r"Not a currency\.": "不是有效币种。",
    r"Not a price year\.": "不是有效的价格年份。",
    r"Another currency than the city's, without a price year\.": "币种与城市不同，且未给出价格年份。",
    r"Convert it, or state data\.price_year too\.": "请换算，或同时用 --price-year 给出价格年份",
    r"Unknown finding\.": "未知的现场发现。",
    r"Inspected before the works started\.": "现场发现的时间早于开工。",
    r"The project does not answer this problem\.": "该项目并非针对此问题。",
    r"The place of the finding is no pipe or junction of this city\.": "现场位置不是本城市的管段或节点。",
    r"Correct the place of the inspection\.": "请更正现场位置",
    r"Reopen it first\.": "请先重开",
    r"It is (\w+) already\.": r"其状态已是“\1”",
    r"The engine '(.+)' is absent: (.+)\.": r"缺少引擎“\1”：\2。",
}
_PATTERNS = tuple((re.compile(pattern), chinese) for pattern, chinese in _WORDS.items())
#: A state that a sentence names where one of its groups stands.
_STATES = {
    "open": "待处理", "acknowledged": "已确认", "dismissed": "已驳回", "merged": "已并入", "in_works": "施工中", "closed": "已关闭",
    "proposed": "已提出", "approved": "已批准", "funded": "资金已落实", "started": "已开工", "done": "已完工", "cancelled": "已取消",
}  # fmt: skip


def error_words(text: str) -> str:
    """A sentence of an error in Chinese, or the sentence itself.

    >>> error_words("Columns missing: East.")
    '缺少列：East。'
    >>> error_words("Done before it was started.")
    '“已完工”的时间早于“已开工”。'
    """
    for pattern, chinese in _PATTERNS:
        if (found := pattern.fullmatch(text)) is not None:
            return _filled(chinese, [_STATES.get((g or "").casefold(), g or "") for g in found.groups()])
    return text


def _filled(chinese: str, groups: list[str]) -> str:
    """The sentence with its groups, numbered from 1 as in a regular expression."""
    return re.sub(r"\\(\d)", lambda at: groups[int(at[1]) - 1], chinese)
