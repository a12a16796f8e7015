"""项目储备库.xlsx of the example city: a made-up project list with the merged cells, totals and units such lists have."""

from pathlib import Path

from example_cn.sheets import write_workbook

__all__ = ["HEADER", "PROJECTS", "write_projects"]

HEADER = (
    "序号", "项目类别", "项目名称", "建设内容及规模", "建设地点", "建设性质", "总投资", "财政资金", "专项债券", "社会资本",
    "计划开工", "计划完工", "主管部门", "实施单位", "前期工作进展", "预期效益", "年运营成本", "备注",
)  # fmt: skip
WATER, DRAIN, SMART, ROAD = "供水", "排水与海绵", "智慧城市", "道路与更新"
NEW, OLD, MORE = "新建", "改建", "扩建"
BUREAU, WATERWORKS, DATA = "示例住建局（虚构）", "示例供水公司（虚构）", "示例数据局（虚构）"
#: (category, name, what, place, nature, total, public, bond, private, start, end, bureau, body, progress, benefit, yearly, remark)
PROJECTS = (
    (WATER, "二区管网检漏与修复（虚构）", "对二区 12.4 km 管网开展声学检漏，修复查实漏点", "二区", OLD, 60, 60, 0, 0, "2026-08", "2026-12", BUREAU,
     WATERWORKS, "已立项", "降低夜间最小流量，节水约 10 万m³/年", 8, ""),
    (WATER, "老城灰口铸铁管更新（虚构）", "更换一区 DN100～DN200 灰口铸铁管 5.9 km 为球墨铸铁管", "一区", OLD, 1180, 480, 700, 0, "2026-10", "2027-12",
     BUREAU, WATERWORKS, "可研已批复", "爆管次数下降，漏损率降低", 5, "与道路大修同步"),
    (WATER, "园区供水分区计量（虚构）", "三区增设二级计量分区 3 处，流量计 6 台", "三区", NEW, 145, 145, 0, 0, "2026-09", "2027-03", BUREAU, WATERWORKS,
     "方案编制中", "漏损定位缩小到街区", 3, ""),
    (WATER, "老城高区增压泵站（虚构）", "一区西部新建增压泵站 1 座，规模 0.1 万m³/d", "一区", NEW, 320, 120, 200, 0, "2027-03", "2027-12", BUREAU,
     WATERWORKS, "选址中", "末梢压力达到 0.14 MPa", 22, "用地 1.2 亩"),
    (WATER, "净水厂扩建（虚构）", "净水厂由 1.0 万m³/d 扩建至 2.0 万m³/d", "厂区", MORE, 6800, 1300, 5500, 0, "2027-06", "2029-06", BUREAU,
     WATERWORKS, "项目建议书", "满足远期用水", 410, "用地 28 亩"),
    (WATER, "智能水表改造（虚构）", "更换户用智能水表 6000 只", "一、二区", OLD, 268, 68, 0, 200, "2026-09", "2027-09", BUREAU, WATERWORKS, "已立项",
     "减少估抄，计量损失下降", 12, "合同节水模式"),
    (DRAIN, "老城雨污分流（虚构）", "改造雨污合流管 4.2 km", "一区", OLD, 2150, 650, 1500, 0, "2026-11", "2028-06", BUREAU, "示例排水所（虚构）",
     "初步设计", "减少溢流", 18, ""),
    (DRAIN, "新城海绵绿地（虚构）", "下沉式绿地 45 亩", "二区", NEW, 560, 560, 0, 0, "2027-03", "2027-11", BUREAU, "示例园林所（虚构）", "方案编制中",
     "年径流总量控制率 75%", 9, ""),
    (DRAIN, "园区再生水利用（虚构）", "再生水厂 0.2 万m³/d 及管网 3 km", "三区", NEW, "0.35亿元", "", "", "", "2027-05", "2028-10", BUREAU,
     "示例排水所（虚构）", "可研编制中", "替代自来水 0.15 万m³/d", 130, "投资单位为亿元，拆分待定"),
    (SMART, "城市运行指挥大屏（虚构）", "LED 大屏 120 m² 及指挥大厅装修", "政务中心", NEW, 980, 980, 0, 0, "2026-09", "2027-02", DATA, DATA, "已立项",
     "提升城市形象", 95, ""),
    (SMART, "片区元宇宙平台（虚构）", "建设数字孪生元宇宙展示平台一套", "线上", NEW, 750, 750, 0, 0, "2026-12", "2027-10", DATA, DATA, "方案编制中",
     "示范引领", 110, ""),
    (SMART, "供水物联网感知网（虚构）", "压力记录仪 40 台、噪声记录仪 60 台及平台", "全片区", NEW, 210, 110, 0, 100, "2026-10", "2027-04", BUREAU,
     WATERWORKS, "已立项", "检漏由被动改为主动", 15, "与统一数据目录对接"),
    (SMART, "进口水质监测设备（虚构）", "在线监测仪 4 套", "厂区", NEW, "30万美元", "", "", "", "2027-01", "2027-06", BUREAU, WATERWORKS, "询价",
     "水质实时监测", 20, "以美元报价"),
    (ROAD, "示例老城横三路大修（虚构）", "道路大修 1.2 km", "一区", OLD, 640, 640, 0, 0, "2027-03", "2027-09", BUREAU, "示例市政所（虚构）", "施工图",
     "平整度提升", 6, "大修后三年内不得开挖"),
    (ROAD, "老旧小区改造（虚构）", "改造 18 幢，含接户管与立管 3.1 km", "一区", OLD, 900, 500, 300, 100, "2026-10", "2027-10", BUREAU,
     "示例街道办（虚构）", "", "居住条件改善", "", "居民意见征集中"),
)  # fmt: skip


def write_projects(folder: Path) -> None:
    """One sheet: a merged title, a two-row header, merged categories, a row of sums per category and one of all."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    sheet = book.active
    sheet.title = "储备库"
    last = len(HEADER)
    sheet.append(("示例片区 2026 年度政府投资项目储备库（虚构数据）",))
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=last)
    sheet.append(("编制单位：示例发改局（虚构）", *[""] * (last - 2), "单位：万元"))
    upper = ["" if name in HEADER[7:10] else name for name in HEADER]
    upper[7] = "资金来源"
    sheet.append(upper)
    sheet.append(["" if name not in HEADER[7:10] else name for name in HEADER])
    sheet.merge_cells(start_row=3, start_column=8, end_row=3, end_column=10)
    for column in (*range(1, 8), *range(11, last + 1)):
        sheet.merge_cells(start_row=3, start_column=column, end_row=4, end_column=column)
    row, begun = 5, 5
    for number, project in enumerate(PROJECTS, 1):
        sheet.append((number, *project))
        row += 1
        if number == len(PROJECTS) or PROJECTS[number][0] != project[0]:
            sheet.merge_cells(start_row=begun, start_column=2, end_row=row - 1, end_column=2)
            sums = [_sum([p for p in PROJECTS if p[0] == project[0]], k) for k in (5, 6, 7, 8)]
            sheet.append(("", "小计", *[""] * 4, *sums))
            row, begun = row + 1, row + 1
    sheet.append(("合计", "", f"{len(PROJECTS)} 个项目", "", "", "", *(_sum(list(PROJECTS), k) for k in (5, 6, 7, 8))))
    sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=2)
    sheet.append(("注：合计不含以亿元、美元填报的项目。全部内容虚构。",))
    for cells in sheet.iter_rows(min_row=1, max_row=4):
        for cell in cells:
            cell.font, cell.alignment = Font(bold=True), Alignment(horizontal="center", vertical="center")
    for column, width in {"C": 28, "D": 40, "P": 30}.items():
        sheet.column_dimensions[column].width = width
    write_workbook(folder / "项目储备库.xlsx", book)


def _sum(projects: list[tuple[object, ...]], column: int) -> float:
    return sum(float(p[column]) for p in projects if isinstance(p[column], int | float))
