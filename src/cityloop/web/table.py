"""The one route table."""

from typing import Any

from cityloop.i18n import Pair
from cityloop.web import changing, charts, events, forms, ingest, places, reading, sensorthings
from cityloop.web.jobs import Job
from cityloop.web.openapi import get_document, get_viewer
from cityloop.web.routes import JSON, Parameter, Route

__all__ = ["ROUTES"]

_LIMIT = Parameter("limit", Pair("most rows in the answer", "返回的最多条数"), {"type": "integer", "minimum": 1})
_FORMAT = Parameter("format", Pair("form of the answer", "返回格式"), {"type": "string", "enum": list(forms.FORMATS)})
_POINTS = Parameter(
    "points",
    Pair("buckets of each series", "每条序列的分段数"),
    {"type": "integer", "minimum": 1, "maximum": charts.MOST_POINTS},
)
_TIME = {"type": "string", "format": "date-time"}
_SPAN = (
    Parameter("datastream", Pair("id or name, several times if need be", "编号或名称，可多次给出"), required=True),
    Parameter("start", Pair("from this time on", "起始时间（含）"), _TIME),
    Parameter("end", Pair("before this time", "截止时间（不含）"), _TIME),
)

ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", "", Pair("Whether the server runs", "服务是否在运行"), reading.get_health, answer=reading.Health),
    Route("GET", "/openapi.json", "", Pair("This interface as OpenAPI 3.1", "本接口的 OpenAPI 3.1 描述"), get_document),
    Route("GET", "/docs", "", Pair("This interface as a page", "本接口的说明页"), get_viewer),
    Route(
        "GET", "/api/v1/records/{noun}", "read", Pair("Records of one noun", "某类记录"), reading.get_records,
        (_LIMIT, Parameter("after", Pair("id after which the page begins", "从该编号之后开始"))), answer=reading.Page,
    ),
    Route(
        "GET", "/api/v1/records/{noun}/{id}", "read", Pair("One record, latest version", "单条记录（最新版本）"),
        reading.get_record,
    ),
    Route(
        "GET", "/api/v1/records/{noun}/{id}/versions", "read", Pair("Every version of a record", "记录的全部版本"),
        reading.get_versions, answer=reading.Page,
    ),
    Route(
        "GET", "/api/v1/observations", "read", Pair("Observations of datastreams", "数据流的观测值"),
        reading.get_observations,
        (*_SPAN, _LIMIT, _FORMAT), answer=reading.Columns,
    ),
    Route(
        "GET", "/api/v1/latest", "read", Pair("The last value of every datastream", "各数据流的最新值"),
        reading.get_latest, (_FORMAT,), answer=reading.Columns,
    ),
    Route(
        "GET", "/api/v1/series", "read", Pair("Series thinned for a chart, extremes kept", "供绘图的抽稀序列（保留极值）"),
        charts.get_series, (*_SPAN, _POINTS, _FORMAT), answer=charts.Series,
    ),
    Route(
        "GET", "/api/v1/hours", "read", Pair("UTC hours", "小时统计（UTC）"), charts.get_hours, (*_SPAN, _FORMAT),
        answer=charts.Hours,
    ),
    Route(
        "GET", "/api/v1/days", "read", Pair("Civil days of the city", "日统计（城市当地日）"), charts.get_days, (*_SPAN, _FORMAT),
        answer=charts.Days,
    ),
    Route(
        "GET", "/api/v1/things.geojson", "read", Pair("Things on the map, WGS 84", "地图上的实体（WGS 84）"), places.get_things,
        (
            Parameter("kind", Pair("only these kinds, several times if need be", "仅限这些类型，可多次给出")),
            Parameter("bbox", Pair("west,south,east,north in degrees", "范围：西,南,东,北（度）")),
        ),
    ),
    Route(
        "POST", "/api/v1/observations", "write", Pair("Send observations", "报送观测值"), ingest.post_observations,
        body=list[ingest.Row] | ingest.Columns, bodies=ingest.BODIES, answer=ingest.Sent,
    ),
    Route(
        "POST", "/api/v1/datastreams", "write", Pair("Make a datastream", "新建数据流"), changing.post_datastream,
        body=changing.NewDatastream, status=201,
    ),
    Route(
        "POST", "/api/v1/decisions", "decide", Pair("Decide about a record", "对记录作出决定"), changing.post_decision,
        body=changing.NewDecision, answer=changing.Decided,
    ),
    Route(
        "POST", "/api/v1/turns", "decide", Pair("Run a turn, or a what-if", "运行一轮闭环或假设推演"), changing.post_turn,
        body=changing.NewTurn, answer=Job, status=202,
    ),
    Route("GET", "/api/v1/jobs", "read", Pair("Jobs", "作业"), changing.get_jobs, answer=list[Job]),
    Route("GET", "/api/v1/jobs/{id}", "read", Pair("One job", "单个作业"), changing.get_job, answer=Job),
    Route("DELETE", "/api/v1/jobs/{id}", "decide", Pair("Cancel a job", "取消作业"), changing.cancel_job, answer=Job, status=202),
    Route(
        "GET", "/api/v1/events", "read", Pair("What happens, as Server-Sent Events", "事件流（Server-Sent Events）"),
        events.get_events,
        (Parameter("after", Pair("id of the event after which to begin, as Last-Event-ID", "从该事件编号之后开始，同 Last-Event-ID")),),
    ),
    Route("GET", "/metrics", "read", Pair("Counters for Prometheus", "Prometheus 指标"), reading.get_metrics),
    Route("GET", "/sta/v1.1", "read", Pair("SensorThings API 1.1", "SensorThings API 1.1"), sensorthings.get_root),
    Route(
        "GET", "/sta/v1.1/{path:path}", "read", Pair("Entities by SensorThings", "SensorThings 实体"), sensorthings.get_resource,
        tuple(Parameter(f"${name}", Pair("option of the standard", "标准查询选项")) for name in (
            "filter", "expand", "select", "orderby", "top", "skip", "count", "skiptoken", "resultFormat")),
    ),
    Route(
        "POST", "/sta/v1.1/Observations", "write", Pair("Send one observation", "报送单个观测值"),
        sensorthings.post_observation, body=dict[str, Any], status=201,
    ),
    Route(
        "POST", "/sta/v1.1/CreateObservations", "write", Pair("Send observations as data arrays", "以 dataArray 批量报送"),
        sensorthings.create_observations, body=list[dict[str, Any]], status=201,
    ),
    Route(
        "POST", "/sta/v1.1/{path:path}", "write", Pair("Make an entity, with what is nested in it", "新建实体（可嵌套）"),
        sensorthings.post_entity, body=dict[str, Any], status=201,
    ),
    Route(
        "PATCH", "/sta/v1.1/{path:path}", "write", Pair("Another result of an observation", "更正观测值"),
        sensorthings.patch_observation, body=dict[str, Any], bodies=(JSON, "application/merge-patch+json"),
    ),
    Route(
        "DELETE", "/sta/v1.1/{path:path}", "write", Pair("Delete an observation", "删除观测值"),
        sensorthings.delete_observation,
    ),
    Route("GET", "/api/v1/keys", "admin", Pair("Keys", "密钥"), changing.get_keys, answer=list[changing.KeyShown]),
    Route(
        "POST", "/api/v1/keys", "admin", Pair("Make a key", "新建密钥"), changing.make_key, body=changing.NewKey,
        answer=changing.KeyMade, status=201,
    ),
    Route(
        "DELETE", "/api/v1/keys/{id}", "admin", Pair("Revoke a key", "吊销密钥"), changing.revoke_key,
        answer=changing.KeyShown,
    ),
)  # fmt: skip
