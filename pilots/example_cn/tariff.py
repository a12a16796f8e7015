"""The example district's electricity tariff: the bands are those of Chinese practice, hours and prices are made up."""

__all__ = ["TARIFF"]

_SOURCE = "示例设定（虚构）：峰平谷尖的结构为国内通行做法，时段与价格请改用本地电网企业的公告"


def _band(band: str, price: float, hours: str = "", months: str = "") -> str:
    lines = [f'band = "{band}"', f"hours = {hours}" if hours else "", f"months = {months}" if months else ""]
    lines += [f"price = {price}", f'source = "{_SOURCE}"', 'status = "assumed"']
    return "\n".join(["", "[[policy.tariff]]", *(line for line in lines if line), ""])


TARIFF = "\n# 分时电价（元/kWh）：自上而下，先符合者生效；最后一段为平段\n" + "".join(
    (
        _band("sharp", 1.32, "[[19, 21]]", "[7, 8]").removeprefix("\n"),
        _band("peak", 1.1, "[[8, 11], [17, 22]]"),
        _band("valley", 0.28, "[[23, 7]]"),
        _band("flat", 0.65),
    )
)
