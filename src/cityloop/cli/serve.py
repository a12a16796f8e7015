"""`cityloop serve CITY`: the city behind its HTTP interface; `cityloop key`: who may use it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cityloop.cli.language import say
from cityloop.cli.opening import interruptible, opened, teller
from cityloop.cli.options import CityArg, JsonOpt, LangOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.store import ApiKey

__all__ = ["TEXTS", "app", "bench_ingest", "serve"]

TEXTS = {
    "serving": Pair("Serving {city} at {url}; what it offers: {url}/docs. Ctrl-C ends it.",
                    "{city} 已在 {url} 提供服务，接口说明见 {url}/docs。按 Ctrl-C 结束。"),
    "first_key": Pair("Admin key, shown this once; only its hash is kept:", "管理员密钥，仅显示这一次，系统只保存其散列值："),
    "new_key": Pair("Key of {name}, shown this once; only its hash is kept:", "{name} 的密钥，仅显示这一次，系统只保存其散列值："),
    "no_keys": Pair("No keys yet; the first `cityloop serve` makes an admin key.", "尚无密钥；首次运行 cityloop serve 时生成管理员密钥。"),
    "form": Pair("form", "格式"),
    "batch": Pair("rows in a body", "每次行数"),
    "clients": Pair("clients", "客户端数"),
    "obs_per_s": Pair("observations/s", "观测/秒"),
    "p99_ms": Pair("99 % within, ms", "99% 响应时间（ms）"),
    "limit_ratio": Pair("share of the bare engine", "占引擎极限的比例"),
    "merged_rows": Pair("rows in a commit", "每次提交行数"),
    "bench": Pair("Memory of the server at most {rss} MB; {seconds} s; {date}; {machine}", "服务进程内存峰值 {rss} MB；{seconds} s；{date}；{machine}"),
    "valid": Pair("valid", "有效"),
    "revoked": Pair("revoked {when}", "已于 {when} 吊销"),
    "until": Pair("until {when}", "有效期至 {when}"),
    "expired": Pair("expired {when}", "已于 {when} 过期"),
}  # fmt: skip
app = typer.Typer(no_args_is_help=True, help="Keys of the HTTP interface / 接口密钥")


def serve(
    city: CityArg,
    host: Annotated[str, typer.Option(help="Address to listen at / 监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port / 端口")] = 8440,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate, PEM / 证书（PEM）")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, PEM / 私钥（PEM）")] = None,
    log_days: Annotated[int, typer.Option(min=1, help="Days that logs are kept / 日志保留天数")] = 180,
    lang: LangOpt = None,
) -> None:
    """Serve a city over HTTP; without a key nothing of it can be seen.

    以 HTTP 接口提供城市数据与闭环；无密钥者看不到任何数据。
    """
    from cityloop.web.server import Address
    from cityloop.web.server import serve as run
    from cityloop.web.service import Service

    address = Address(host, port, tls_cert, tls_key)
    service = Service.open(city, address=address.url)
    try:
        if not service.store.keys.all():
            _, secret = service.store.keys.make("admin", ("read", "write", "decide", "admin"), now=datetime.now(UTC))
            typer.echo(f"{say(TEXTS['first_key'])}\n{secret}")
        typer.echo(say(TEXTS["serving"], city=say(service.city.settings.name), url=address.url))
        run(service, address, kept_days=log_days)
    finally:
        service.close()


@app.command("make")
def make(
    city: CityArg,
    name: Annotated[str, typer.Argument(help="Whose key it is / 持有者")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read (default), write, decide, admin / 权限，默认 read")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days that it is valid / 有效天数")] = None,
    lang: LangOpt = None,
) -> None:
    """Make a key.

    新建密钥。
    """
    now = datetime.now(UTC)
    with opened(city) as found:
        expires = now + timedelta(days=days) if days else None
        _, secret = found.store.keys.make(name, tuple(scope or ["read"]), now=now, expires=expires)
    typer.echo(f"{say(TEXTS['new_key'], name=name)}\n{secret}")


@app.command("list")
def list_(city: CityArg, lang: LangOpt = None) -> None:
    """Every key, without its secret.

    列出全部密钥（不含密文）。
    """
    with opened(city) as found:
        keys = found.store.keys.all()
    for key in keys:
        typer.echo(f"{key.id}  {key.name}  {', '.join(key.scopes)}  {_state(key)}")
    if not keys:
        typer.echo(say(TEXTS["no_keys"]))


@app.command("revoke")
def revoke(city: CityArg, key: Annotated[str, typer.Argument(help="Its id / 密钥编号")], lang: LangOpt = None) -> None:
    """End a key.

    吊销密钥。
    """
    with opened(city) as found:
        ended = found.store.keys.revoke(key, now=datetime.now(UTC))
    typer.echo(f"{ended.id}  {ended.name}  {_state(ended)}")


def bench_ingest(
    seconds: Annotated[float, typer.Option(help="Seconds per cell / 每格秒数")] = 3.0, as_json: JsonOpt = False,
    lang: LangOpt = None,
) -> None:  # fmt: skip
    """How fast observations come in over HTTP, against the bare engine.

    HTTP 接口接收观测的速度，与引擎自身极限对照。
    """
    from cityloop.bench.ingest import run
    from cityloop.cli.screen import print_json, print_table

    with interruptible() as cancel:
        found = run(seconds=seconds, progress=teller(cancel))
    if as_json:
        print_json(found)
        return
    keys = ("form", "batch", "clients", "obs_per_s", "p99_ms", "limit_ratio", "merged_rows")
    rows = [[str(r["format" if k == "form" else k]) for k in keys] for r in found["results"]]
    print_table([say(TEXTS[k]) for k in keys], rows)
    typer.echo(say(TEXTS["bench"], rss=found["rss_mb_max"], **{k: found[k] for k in ("seconds", "date", "machine")}))


def _state(key: "ApiKey") -> str:
    if key.revoked is not None:
        return say(TEXTS["revoked"], when=key.revoked.date().isoformat())
    if key.expires is None:
        return say(TEXTS["valid"])
    word = "until" if key.valid(datetime.now(UTC)) else "expired"
    return say(TEXTS[word], when=key.expires.date().isoformat())
