"""The errors that people meet most, in Chinese; a sentence that is not here stays in English behind its Chinese class."""

import functools
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
    # tariff, pumps, fires
    r"An hour without a price of electricity\.": "有时段没有电价。",
    r"Add a band without hours, months and weekdays at the end: it holds wherever none before it does\.": (
        "请在最后补一段不写 hours、months、weekdays 的电价：其余时段均按它计"
    ),
    r'Name the band, for example "valley"\.': '请写明时段类别，例如 "valley"（谷）',
    r"Give the price of a kilowatt-hour\.": "请给出每千瓦时电价",
    r"Say where the price comes from\.": "请注明电价来源",
    r"pairs of whole hours from 0 to 24, (.+)": r"0 至 24 的整点成对书写，如 \1",
    r"whole numbers from (\d+) to (\d+)": r"\1 至 \2 的整数",
    r"The policy has no tariff\.": "政策中没有分时电价。",
    r"Add \[\[policy\.tariff\]\] to city\.toml\.": "请在 city.toml 中加 [[policy.tariff]]",
    r"The boundary has no pump whose power and water are metered\.": "该分区没有功率与水量均有计量的水泵。",
    r"Add a `power` datastream of its pumps, and their flow or that of every boundary they feed\.": (
        "请补水泵的 power 数据流，以及水泵流量或其所供各分区的流量"
    ),
    r"The pump has no such level to move\.": "该水泵没有可调整的水位控制。",
    r"The pump has several such levels\.": "该水泵有多条同类水位控制。",
    r"Give the pump one level to start and one to stop at under \[CONTROLS\], or set its status\.": (
        "请在 [CONTROLS] 中为该泵各写一条启泵、停泵水位，或改设其 status"
    ),
    r"Exactly one network model is needed\.": "需要且仅需要一个管网模型。",
    r"Name one EPANET file under \[\[model\]\] in city\.toml\.": "请在 city.toml 的 [[model]] 中指定一个 EPANET 文件",
    r"The binding norm states no fire flow\.": "约束规范没有消防流量取值。",
    r"State it: --fire-flow L/S --duration HOURS --residual M\.": "请用 --fire-flow、--duration、--residual 给出",
    r"The binding norm states no service pressure\.": "约束规范没有服务压力取值。",
    # supplies
    r"A supply of which nothing says how much it gives\.": "无法得知该水源能供多少水。",
    r"State capacity_m3_per_day with its source, or name the series of its storage\.": (
        "请给出 capacity_m3_per_day 及其来源，或写明其蓄水量序列"
    ),
    r"A storage of unknown size\.": "蓄水体大小未知。",
    r"State full_storage_m3 with its source\.": "请给出 full_storage_m3 及其来源",
    r"A dead storage that leaves nothing to use\.": "死库容不小于总蓄水量，没有可用库容。",
    r"A storage that is not there yet has no series\.": "尚未建成的水源没有蓄水量序列。",
    r'Remove the series, or write state = "existing"\.': '请删去该序列，或写 state = "existing"',
    r"No curve of level and volume\.": "不是有效的水位—库容曲线。",
    r"two and more pairs \[level in m, volume in m3\], both rising": "至少两组 [水位（m），库容（m³）]，均递增",
    r"A supply of an unknown boundary\.": "水源所供的分区不存在。",
    # billing tables and what a balance needs
    r"Not a part of a water balance\.": "不是水量平衡的组成项。",
    r"No class of use is named\.": "未列出任何用水类别。",
    r'Write classes = \{ "domestic" = "billed_metered" \}: what is not named is not counted\.': (
        '例如写 classes = { "居民生活" = "billed_metered" }：未列出的不计入'
    ),
    r"Name the column of the first day of the period\.": "请写明账期起始日所在列",
    r"Name the column of the last day of the period\.": "请写明账期截止日所在列",
    r'Say whether the day in "to" still belongs to the period: last_day = "included"\.': (
        '请说明截止日是否计入本账期：last_day = "included"'
    ),
    r"Name the column of the volume\.": "请写明水量所在列",
    r"Name the column of the class of use\.": "请写明用水类别所在列",
    r"Give the table a name of its own\.": "请为该表取一个名称",
    r"A month and days of its own\.": "既写了月份，又写了起止日。",
    r"State month, or from, to and last_day\.": "请写 month，或写 from、to 和 last_day",
    r"An area by row and one for all rows\.": "既逐行写分区，又为全表指定分区。",
    r"State area or boundary\.": "area 与 boundary 只写一项",
    r"Volumes of an unknown boundary\.": "水量所属的分区未定义。",
    r"Not a form of a date\.": "不是日期格式。",
    r"Words of a column that is not named: (\S+)\.": r"未写明 \1 列，却列出了其中的用词。",
    r'Name the column: (\S+) = "\.\.\."\.': r"请写明该列：\1 = \"...\"",
    r"Classes that are not in `classes`\.": "不在 classes 中的用水类别。",
    r"The billing table '(.+)' finds no file\.": r"售水量表“\1”找不到文件。",
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
    r"A file larger than is read\.": "文件超出可读取的大小。",
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
    # citizens' requests
    r"Correct sheet in city\.toml, or name one: --sheet NAME, --sheet '\*'\.?": "请更正 city.toml 中的 sheet，或用 --sheet 名称、--sheet '*' 指明",
    r"No table of requests in this file\.": "文件中没有工单表。",
    r"a header row with 工单编号 and 受理时间, or service_request_id and requested_datetime": (
        "表头行须有“工单编号”和“受理时间”，或 service_request_id 和 requested_datetime"
    ),
    r"Name the columns: columns = (.+)\.?": r"请写明列名：columns = \1",
    r"Requests '(.+)' find no file\.": r"诉求来源“\1”找不到文件。",
    r"Not a field of a request\.": "不是诉求的字段。",
    r"Say which rule of the city this is\.": "请写明依据本市哪项规定",
    r"Give each \[\[requests\]\] a name, or one path for files of one system: (.+)": r"请为各 [[requests]] 分别命名，或对同一系统的文件写一个路径：\1",
    r"Not a JSON document in UTF-8\.": "不是 UTF-8 编码的 JSON 文件。",
    r"Not a list of service requests\.": "不是诉求列表（service requests）。",
    r"a JSON array of objects": "由对象组成的 JSON 数组",
    r"Not an XML document\.": "不是 XML 文件。",
    r"An XML document with a type declaration is not read\.": "含类型声明（DOCTYPE）的 XML 不予读取。",
    r"A file of a form that this profile is not written in\.": "该格式不支持写成此类文件。",
    r"The file cannot be written\.": "文件无法写入。",
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
    # what the columns of a file mean (cityloop map)
    r"No such file\.": "文件不存在。",
    r"Name a table: CSV, XLSX or Parquet\.": "请指定 CSV、XLSX 或 Parquet 表格文件",
    r"The file is empty\.": "文件为空。",
    r"The table is empty\.": "表格为空。",
    r"Export it again\.": "请重新导出",
    r"The file is not what its name says\.": "文件内容与扩展名不符。",
    r"Export the table itself as CSV or XLSX\.": "请将表格本身导出为 CSV 或 XLSX",
    r"Give it its own suffix, \.xlsx\.": "请改用其本来的扩展名 .xlsx",
    r"The workbook is protected by a password, or is an old XLS under another name\.": "工作簿有密码保护，或为改了扩展名的旧版 XLS。",
    r"Save it without a password, as XLSX\.": "请取消密码并另存为 XLSX",
    r"The file is binary, not a table\.": "文件为二进制内容，不是表格。",
    r"Export it as CSV or XLSX\.": "请导出为 CSV 或 XLSX",
    r"Save it as CSV or XLSX\.": "请另存为 CSV 或 XLSX",
    r"The table has no header\.": "表格没有表头。",
    r"Write the names of the columns into the first line\.": "请在第一行写明各列名称",
    r"More columns than are read\.": "列数超出可读取的上限。",
    r"The sheet holds formulas without stored results\.": "工作表中的公式没有保存计算结果。",
    r"Open it in a spreadsheet program, recalculate and save it\.": "请在表格软件中打开、重新计算并保存",
    r"A workbook larger than is read\.": "工作簿超出可读取的大小。",
    r"Save it as CSV\.": "请另存为 CSV",
    r"A table is written as CSV or XLSX\.": "建议表只能写成 CSV 或 XLSX。",
    r"The table exists already; somebody may have edited it\.": "该表已存在，可能已有人修改。",
    r"Name another file, or remove it\.": "请换一个文件名，或先删除它",
    r"The table cannot be written\.": "该表无法写入。",
    r"Write the table first: cityloop map FILE --out TABLE\.csv\.": "请先写出建议表：cityloop map FILE --out TABLE.csv",
    r"Not a table of proposals\.": "这不是映射建议表。",
    r"Write one with cityloop map FILE --out TABLE\.csv and keep its headings\.": "请用 cityloop map FILE --out TABLE.csv 写出，并保留其表头",
    r"(\d+) fault\(s\) in the table (.+):": r"建议表 \2 中有 \1 处错误：",
    r"The table lacks headings\.": "建议表缺少表头。",
    r"Not a word for '(.+)'\.": r"“\1”列的内容无效。",
    r"Settings that are neither accepted nor refused\.": "有设置项尚未表态（采纳或不采纳）。",
    r"Write yes / 是 or no / 否 into the column accept of each\.": "请逐项在“采纳”列填“是”或“否”",
    r"A setting that stands twice\.": "设置项重复。",
    r"Accepted without a value\.": "采纳的行没有设置值。",
    r"No series is accepted\.": "没有采纳任何序列。",
    r"Write yes / 是 into the column accept\.": "请在“采纳”列填“是”",
    r"No format of the time is accepted\.": "没有采纳时间格式。",
    r"Write it, for example (.+), or ISO8601, and accept the row\.": r"请填写（例如 \1，或 ISO8601）并采纳该行",
    r"An accepted row that is incomplete\.": "采纳的行不完整。",
    r"Fill it in, from the candidates if one is right, or take back the acceptance\.": "请补全（候选中如有正确者可采用），或改为不采纳",
    r"A column that the file does not have\.": "文件中没有该列。",
    r"A column that stands twice in the file\.": "文件中该列名重复。",
    r"A needed setting is not accepted\.": "缺少必需的设置。",
    r"Write its value and yes / 是 into the column accept\.": "请填写设置值，并在“采纳”列填“是”",
    r"Nothing is written without a table that somebody has read\.": "未经人核对的建议表，不会写入任何内容。",
    r"Add --table TABLE\.": "请加 --table TABLE",
    r"A table is accepted for a city\.": "采纳建议表须指定城市。",
    r"Name it: --city CITY\.": "请加 --city CITY",
    r"city\.toml reads these columns already\.": "city.toml 已读取这些列。",
    r"Take the rows out of the table, or change that source by hand\.": "请从建议表中去掉这些行，或手工修改该数据来源",
    r"Read as the table says, the file gives no reading\.": "按建议表的设置读取，文件没有得到任何读数。",
    r"Correct the settings of the table: format of the time, zone, decimal sign, encoding\.": "请更正表中的时间格式、时区、小数符号或编码",
    r"city\.toml was changed meanwhile\.": "city.toml 在此期间已被改动。",
    r"city\.toml cannot be written\.": "city.toml 无法写入。",
    r"The backup exists already\.": "备份文件已存在。",
    r"Run the command again\.": "请重新运行该命令",
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
    for pattern, chinese in _patterns():
        if (found := pattern.fullmatch(text)) is not None:
            return _filled(chinese, [_STATES.get((g or "").casefold(), g or "") for g in found.groups()])
    return text


@functools.cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled when the first error is told, not at every start."""
    return tuple((re.compile(pattern), chinese) for pattern, chinese in _WORDS.items())


def _filled(chinese: str, groups: list[str]) -> str:
    """The sentence with its groups, numbered from 1 as in a regular expression."""
    return re.sub(r"\\(\d)", lambda at: groups[int(at[1]) - 1], chinese)
