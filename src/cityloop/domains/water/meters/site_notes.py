"""What is said beside the sites of further loggers, in both languages."""

from cityloop.i18n import Pair

__all__ = ["SITE_NOTES", "site_note"]

SITE_NOTES = {
    "no_model": Pair(
        "No sites: the city names no network model; add [[model]] with an EPANET file to city.toml.",
        "无法选址：该城市没有管网模型；请在 city.toml 的 [[model]] 中指定 EPANET 文件。",
    ),
    "no_boundary": Pair(
        "No sites: no metered boundary is defined; add [[boundary]] to city.toml.",
        "无法选址：没有定义计量分区；请在 city.toml 中补充 [[boundary]]。",
    ),
    "no_network": Pair(
        '{name}: no sites, it names no network, or no pipe of the model lies in it; add network = "FILE" to the boundary, or '
        "the pipes' relation part_of.",
        '{name}：无法选址，该分区未指明管网模型或模型中没有属于它的管段；请为分区补充 network = "文件"，或为管段补充 part_of 关系。',
    ),
    "too_small": Pair(
        "{name}: no sites, fewer than two junctions of the model lie in it.",
        "{name}：无法选址，模型中属于它的节点不足两个。",
    ),
    "no_more": Pair("No junction is left: {n} sites.", "没有更多可选节点：共 {n} 处。"),
    "modelled": Pair(
        "Modelled, not measured: leaks of {size} L/s played at every place, every logger errs by {percent} % of the response that "
        "the model gives. Unknown closed valves, wrong positions and several leaks at once make it worse.",
        "以上为模型推算，并非实测：在各处逐一模拟 {size} L/s 的漏点，每个记录仪相对模型响应的误差按 {percent}% 计。"
        "未登记的关闭阀门、点位记录错误或多处同时漏损会使结果变差。",
    ),
    "seen": Pair(
        "{n} leak(s) seen in {days} days of this city's observations", "本市 {days} 天观测期内发现漏点 {n} 处"
    ),
}


def site_note(key: str, **values: object) -> str:
    """One sentence in English and Chinese, divided by " | ".

    >>> site_note("no_more", n=3).split(" | ")[0]
    'No junction is left: 3 sites.'
    """
    pair = SITE_NOTES[key]
    return f"{pair.in_('en', **values)} | {pair.in_('zh', **values)}"
