"""What columns and cells of citizens' requests are called: 12345 and city operation exports in Chinese, Open311 GeoReport v2.

No national field list of 12345 was found: the headers are those of published examples and of their plain variants.
"""

import re
from collections.abc import Mapping

from cityloop.formats.project_columns import plain

__all__ = [
    "CLOSED", "CRS_WORDS", "DISSATISFIED", "HEADERS", "NO", "NOT_ASKED", "OPEN", "SATISFIED", "TYPE_WORDS", "YES", "field_of", "is_personal",
]  # fmt: skip

#: Field -> (header that is written, others that are read). Headers of GeoReport v2 stand last.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "number": (
        "工单编号", "工单号", "工单编码", "编号", "受理编号", "受理单号", "诉求编号", "案件编号", "案件号", "任务号", "事件编号", "流水号",
        "order number", "request number", "case number", "id", "service_request_id",
    ),
    "channel": ("来源渠道", "渠道", "诉求来源", "来源", "工单来源", "受理渠道", "案件来源", "channel", "source"),
    "requested": (
        "受理时间", "登记时间", "来电时间", "诉求时间", "受理日期", "登记日期", "上报时间", "发现时间", "创建时间", "立案时间",
        "accepted", "received", "opened", "created", "requested_datetime",
    ),
    "type": ("诉求类型", "工单类型", "诉求类别", "诉求性质", "事项类型", "request type", "type"),
    "service_code": ("分类代码", "分类编码", "类别代码", "事项编码", "问题类别代码", "小类代码", "code", "service_code"),
    "code_system": ("分类体系", "编码体系", "code system"),
    "service_name": ("分类名称", "问题分类", "诉求分类", "问题类别", "事项分类", "小类名称", "service", "category", "service_name"),
    "description": (
        "诉求内容", "工单内容", "问题描述", "主要内容", "反映内容", "诉求描述", "内容", "详细描述", "description", "request",
    ),
    "address": (
        "地址", "事发地址", "事发地点", "诉求地址", "问题地址", "发生地址", "发生地点", "具体地址", "详细地址", "位置描述", "地点",
        "location", "address", "address_string",
    ),
    "x": ("经度", "东坐标", "lon", "lng", "longitude", "easting", "long"),
    "y": ("纬度", "北坐标", "latitude", "northing", "lat"),
    "crs": ("坐标系", "坐标系统", "crs", "coordinate system"),
    "grid_code": ("单元网格码", "单元网格编码", "单元网格", "网格编码", "网格码", "网格编号", "所属网格", "grid cell", "grid code"),
    "department": (
        "承办单位", "主办单位", "办理单位", "责任单位", "承办部门", "处置单位", "责任部门", "department", "agency",
        "agency_responsible",
    ),
    "dispatched": ("派单时间", "转办时间", "派遣时间", "交办时间", "调度时间", "派单日期", "dispatched"),
    "signed": ("签收时间", "接单时间", "签收日期", "signed"),
    "handled": ("办理时间", "处置时间", "处理时间", "反馈时间", "handled"),
    "due": (
        "办理期限", "办理时限", "办结期限", "截止时间", "要求办结时间", "应办结时间", "办理截止时间", "处置截止时间", "到期时间", "due",
        "due date", "expected_datetime",
    ),
    "extension": ("延期原因", "延期理由", "reason for extension", "extension"),
    "extended_due": ("延期后期限", "延期后办理期限", "延期至", "新期限", "延期后时限", "extended due", "extended to"),
    "status": ("办理状态", "工单状态", "状态", "案件状态", "处理状态", "status"),
    "result": ("办理结果", "处理结果", "处置结果", "答复内容", "办理情况", "办结意见", "result", "answer", "status_notes"),
    "answered": ("答复时间", "回复时间", "答复日期", "回复日期", "answered"),
    "closed": ("办结时间", "结案时间", "办结日期", "完成时间", "归档时间", "closed"),
    "rehandled": ("重办时间", "重新办理时间", "二次派单时间", "退回重办时间", "reopened"),
    "called_back": ("回访时间", "回访日期", "called back"),
    "resolved": ("是否解决", "解决情况", "是否已解决", "解决", "resolved"),
    "satisfied": ("是否满意", "满意度", "满意情况", "满意度评价", "回访结果", "评价结果", "办理结果满意度", "satisfaction", "satisfied"),
    "related": ("重复/关联工单", "关联工单", "重复工单", "关联工单号", "重复工单号", "关联编号", "related", "duplicate of"),
    "updated": ("updated_datetime",),
}  # fmt: skip
_KNOWN = {plain(word): key for key, words in HEADERS.items() for word in words}
#: What a column about the caller is called. Such a column is never taken over.
_PERSONAL = re.compile(
    r"姓名|诉求人|来电人|反映人|投诉人|举报人|联系人|申请人|市民名|联系电话|联系方式|电话号码|电话$|来电号码|主叫|手机|固话|身份证|证件|邮箱|邮件|微信号"
    r"|性别|年龄|出生|user[ _]?name|first[ _]name|last[ _]name|full[ _]name|caller|requester|phone|mobile|e-?mail|contact"
    r"|device_id|account_id|id[ _]card|passport|gender|birth"
)

TYPE_WORDS = {
    "咨询": "consultation", "求助": "help", "求决": "help", "投诉": "complaint", "举报": "complaint", "投诉举报": "complaint",
    "意见": "suggestion", "建议": "suggestion", "意见建议": "suggestion", "建议意见": "suggestion",
    "consultation": "consultation", "inquiry": "consultation", "enquiry": "consultation", "help": "help",
    "complaint": "complaint", "report": "complaint", "suggestion": "suggestion",
}  # fmt: skip
CLOSED = {
    "办结", "已办结", "结案", "已结案", "关闭", "已关闭", "归档", "已归档", "完成", "已完成", "closed", "complete", "completed", "resolved",
}  # fmt: skip
OPEN = {
    "受理", "已受理", "待受理", "待派单", "已派单", "派单", "待签收", "已签收", "办理中", "处理中", "处置中", "在办", "待回访", "已答复", "待审核",
    "重办", "重新办理", "退回", "延期", "督办", "open", "opened", "in progress", "pending", "acknowledged", "reopened",
}  # fmt: skip
YES = {"是", "已解决", "解决", "已落实", "yes", "y", "true", "resolved"}
NO = {"否", "未解决", "没有解决", "未落实", "no", "n", "false", "not resolved", "unresolved"}
SATISFIED = {"非常满意", "很满意", "满意", "基本满意", "是", "very satisfied", "satisfied", "yes", "y", "true"}
DISSATISFIED = {
    "不满意",
    "非常不满意",
    "很不满意",
    "否",
    "dissatisfied",
    "very dissatisfied",
    "not satisfied",
    "no",
    "n",
    "false",
}
#: Words of a call-back that got no answer: neither yes nor no, and nothing to remark on.
NOT_ASKED = {
    "未评价", "未回访", "无法联系", "联系不上", "无人接听", "拒绝评价", "不评价", "一般", "中立", "无", "/", "-", "—", "n/a", "none", "no answer",
}  # fmt: skip
CRS_WORDS = {
    "gcj02": "GCJ-02", "火星": "GCJ-02", "国测局": "GCJ-02", "高德": "GCJ-02", "bd09": "BD-09", "bd09ll": "BD-09", "百度": "BD-09",
    "wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490", "国家2000": "EPSG:4490", "2000国家大地": "EPSG:4490", "国家大地2000": "EPSG:4490",
    "local": "local",
}  # fmt: skip


def field_of(header: str) -> str:
    """The field in a column with this header; "" for one that is not read.

    >>> field_of("受 理 时 间"), field_of("service_request_id"), field_of("满意度（回访）"), field_of("联系电话")
    ('requested', 'number', 'satisfied', '')
    """
    whole = plain(header)
    if is_personal(header):
        return ""
    return _KNOWN.get(whole) or _KNOWN.get(re.sub(r"\(.*?\)|\[.*?\]", "", whole).strip(), "")


def is_personal(header: str) -> bool:
    """Whether a column says who the caller is or how to reach him.

    >>> is_personal("诉求人姓名"), is_personal("Caller phone"), is_personal("诉求内容")
    (True, True, False)
    """
    return bool(_PERSONAL.search(plain(header)))
