"""Chinese for the texts of the tables that come with Cityloop: norms, priors, the pilot's sources.

Titles of publications stay as they are printed. A text of a user's own table is shown as it stands.
"""

import re

from cityloop.i18n import Pair

__all__ = ["shipped"]

_NORMS = {
    "no national limit on the night flow of a district metered area was found; it is a means to find leakage, not a graded indicator": "未查到计量分区夜间流量的国家限值；它是发现漏损的手段，不是考核指标",
    "no Chinese figure found; foreign figures give wrong leakage where cisterns differ": "未查到中国取值；水箱容积不同，套用国外取值会算错漏损",
    "Qs 供水总量, 万m3 a year by table 4.2.1": "Qs 供水总量，按表 4.2.1，万 m³/年",
    "CJJ 92-2016, partial revision in force 2019-02-01, 2.0 and table 4.2.1": "CJJ 92-2016（局部修订，2019-02-01 起施行）2.0 及表 4.2.1",
    "pressure at the network end, pass rate >= 97 %; one gauge per 10 km2, at least 3": "管网末梢压力，合格率不低于 97%；每 10 km² 设 1 个测压点，不少于 3 个",
    "water-service standard 3.3: >= 0.14 MPa (0.14 MPa / 9.81 kPa per m = 14.3 m)": "供水服务标准 3.3：不低于 0.14 MPa（0.14 MPa ÷ 9.81 kPa/m＝14.3 m）",
    "10 m for one storey, 12 m for two, 4 m for each further storey": "一层 10 m，二层 12 m，每增加一层加 4 m",
    "CJJ 92-2016, partial revision in force 2019-02-01; E20 2019-02-21": "CJJ 92-2016（局部修订，2019-02-01 起施行）；E20 2019-02-21",
    "E20 2019-02-21 on CJJ 92-2016, partial revision in force 2019-02-01": "E20 2019-02-21 对 CJJ 92-2016（局部修订，2019-02-01 起施行）的解读",
    "R_WL = (Qs - Qa) / Qs * 100 %; Qs 供水总量, Qa 注册用户用水量": "R_WL＝(Qs－Qa)/Qs×100%；Qs 供水总量，Qa 注册用户用水量",
    "CJJ 92-2016, partial revision in force 2019-02-01, 2.0.18 and 5.2.2-2": "CJJ 92-2016（局部修订，2019-02-01 起施行）2.0.18、5.2.2-2",
    "R_BL = R_WL - R_n; R_n = R1 + R2 + R3 + R4; grade 1: 10 %, grade 2: 12 %": "R_BL＝R_WL－R_n；R_n＝R1＋R2＋R3＋R4；一级 10%，二级 12%",
    "CJJ 92-2016, partial revision in force 2019-02-01, 5.1.2, 5.2.2-1 and 5.2.3-1; the terms R1 to R4 are known from secondary text only": "CJJ 92-2016（局部修订，2019-02-01 起施行）5.1.2、5.2.2-1、5.2.3-1；R1 至 R4 各项仅见于二手资料",
    "公共供水管网漏损率: cities at most 9 % by 2025 (力争)": "公共供水管网漏损率：到 2025 年城市力争控制在 9% 以内",
    "no Chinese rule uses it; the graded loss rate takes its place": "中国规范未采用；以分级考核的漏损率代替",
    "产销差率 = (Qs - billed volume) / Qs; neither R_WL nor R_BL": "产销差率＝(Qs－售水量)/Qs；既非 R_WL 也非 R_BL",
    "common practice of suppliers; text not seen": "供水企业通行做法；未见原文",
    "no rule found that grades single loggers; the gauge count is part of service_pressure": "未查到评定单个压力计的规定；测压点数量见服务压力一项",
    "M36 uses the night flow as a bottom-up check of real loss; it sets no limit": "M36 以夜间流量自下而上校核真实漏损，未设限值",
    "no US figure found; a UK flush volume gives wrong leakage in a US zone (Water Loss Control p. 137)": "未查到美国取值；在美国分区套用英国冲水量会算错漏损（Water Loss Control，第 137 页）",
    "water supplied = own sources + imports - exports": "供水量＝自有水源＋外购－外供",
    "AWWA M36, 4th edition; Free Water Audit Software v6.0": "AWWA M36 第 4 版；Free Water Audit Software v6.0",
    ">= 20 psi at ground level at all points under all conditions of flow": "任何工况下各点地面处不低于 20 psi",
    "Recommended Standards for Water Works (Ten States Standards), as read in 2017": "Recommended Standards for Water Works（Ten States Standards），2017 年查阅",
    "normal working pressure 60 to 80 psi and not less than 35 psi": "正常工作压力 60～80 psi，且不低于 35 psi",
    "real loss <= own standard of the supplier from the 2027 audit, then every 3 years (+ 5 gal per connection and day)": "自 2027 年审计起真实漏损不超过供水企业各自的标准，此后每 3 年一次（允许每接户每日多 5 加仑）",
    "23 CCR section 981 (California)": "23 CCR § 981（加利福尼亚州）",
    "system input - authorised consumption = apparent + real losses": "供水量－合法用水量＝表观漏损＋真实漏损",
    "23 CCR section 980; IWA water balance 2000": "23 CCR § 980；IWA 水量平衡（2000）",
    "shares of the input are rejected for targets and comparison in IWA and AWWA practice": "IWA 与 AWWA 均不以占供水量的百分比作目标或横向比较",
    "the graded Chinese rate has no US counterpart": "美国没有与中国分级漏损率对应的指标",
    "no national target; California sets one per supplier, see real_loss": "无全国目标；加利福尼亚州按供水企业分别规定，见漏失水量一项",
    "ILI = CARL / UARL; UARL = (18 Lm + 0.8 Nc + 25 Lp) P l/day; bands of high-income countries: A < 2, B 2-4, C 4-8, D > 8": "ILI＝CARL/UARL；UARL＝(18 Lm＋0.8 Nc＋25 Lp)P，L/d；高收入国家分级：A＜2，B 2～4，C 4～8，D＞8",
    "Lambert, Brown, Takizawa, Weimer 1999 (formula); World Bank Institute bands from a secondary text": "Lambert、Brown、Takizawa、Weimer 1999（公式）；世界银行学院分级取自二手资料",
    "(system input - billed authorised consumption) / system input": "（供水量－计费合法用水量）/供水量",
    "IWA water balance 2000": "IWA 水量平衡（2000）",
    "no rule found; the audit grades the validity of its inputs as a whole": "未查到规定；审计对输入数据的可靠性作整体评分",
    "night flow - legitimate night use = net night flow": "夜间流量－合法夜间用水量＝净夜间流量",
    "IWA Water Loss Task Force night flow method; no limit": "IWA 漏损工作组夜间流量法；无限值",
    "6 % of the population active * 10 l = 0.6 l per person and hour": "6% 人口活动×10 L＝每人每小时 0.6 L",
    "McKenzie 1999 (SANFLOW); UKWIR 1994 gives 1.7 l per household and hour (unconfirmed)": "McKenzie 1999（SANFLOW）；UKWIR 1994 为每户每小时 1.7 L（未核实）",
    "system input volume of the IWA water balance": "IWA 水量平衡的系统供水量",
    "at the branch: 2.00 bar for one storey, 2.35 for two, + 0.35 for each further (DE)": "接户支管处：一层 2.00 bar，二层 2.35 bar，每增加一层加 0.35 bar（德国）",
    "DVGW W 400-1 (Germany; the directive sets none): 2.00 bar / 9.81 kPa per m": "DVGW W 400-1（德国；欧盟指令无规定）：2.00 bar ÷ 9.81 kPa/m",
    "statutory 7 m at the boundary, reference level 10 m at 9 l/min (UK, outside the EU)": "用地边界法定 7 m，参考水平为 9 L/min 时 10 m（英国，非欧盟）",
    "water companies' level of service indicator; wras I22": "供水公司服务水平指标；wras I22",
    "leakage assessed by ILI or another suitable method, suppliers of at least 10,000 m3/day or 50,000 persons": "以 ILI 或其他适宜方法评估漏损，适用于日供水 10000 m³ 或服务 5 万人以上的供水单位",
    "Directive (EU) 2020/2184 Art 4(3)": "欧盟指令 (EU) 2020/2184 第 4(3) 条",
    "shares of the input are rejected for targets and comparison in IWA practice": "IWA 不以占供水量的百分比作目标或横向比较",
    "the graded Chinese rate has no European counterpart": "欧洲没有与中国分级漏损率对应的指标",
    "the Commission's threshold was due by 2028-01-12 and is not in force": "欧盟委员会的阈值应于 2028-01-12 前公布，尚未生效",
    "Directive (EU) 2020/2184 Art 4(3) names the index; bands: World Bank Institute, secondary text; no target": "欧盟指令 (EU) 2020/2184 第 4(3) 条提及该指数；分级取自世界银行学院的二手资料；无目标值",
    "no rule found that grades single loggers": "未查到评定单个压力计的规定",
    "no rule found that grades it; the balance of a metered area presupposes closed boundaries": "未查到考核规定；计量分区的水量平衡以边界封闭为前提",
    "no rule found that grades it; the audit presupposes metered imports and exports": "未查到考核规定；水量审计以进出水量均有计量为前提",
    "no rule found that grades it": "未查到考核规定",
    "no limit on the break rate was found": "未查到爆管率限值",
    "no limit: R3 of the graded loss rate allows more loss at a mean outlet pressure above 0.35, 0.55 and 0.75 MPa": "无限值：分级漏损率的修正项 R3 仅在平均出厂压力高于 0.35、0.55 和 0.75 MPa 时放宽漏损率",
    "60 to 80 psi is a normal working pressure and no limit of the mean": "60～80 psi 为正常工作压力，并非平均压力的限值",
    "no limit of the mean pressure found; it enters UARL": "未查到平均压力的限值；平均压力用于计算 UARL",
    "负载率 = 视在功率 / 额定容量; 重载 80 % to 100 %, 过载 above 100 %, each for 2 h and more (utility practice, text not seen)": "负载率＝视在功率/额定容量；80%～100% 且持续 2 h 以上为重载，超过 100% 且持续 2 h 以上为过载（供电企业通行做法，未见原文）",
    "GB/T 1094.7-2024 (IEC 60076-7:2018, MOD), loading guide, in force 2025-06-01; DL/T 572: the rating itself; cyclic overload needs the hot-spot calculation": "GB/T 1094.7-2024（IEC 60076-7:2018，MOD）负载导则，2025-06-01 起实施；DL/T 572：以额定容量为限，周期性过载须作热点温度计算",
    "load / nameplate rating; loading above nameplate needs the guide's ageing calculation": "负载/铭牌容量；超铭牌运行须按导则作绝缘老化计算",
    "IEEE C57.91, guide for loading mineral-oil-immersed transformers; text not seen": "IEEE C57.91 油浸式变压器负载导则；未见原文",
    "load / rated power; the guide allows 1.5 p.u. in normal cyclic loading of distribution transformers where hot spot and top oil keep their limits": "负载/额定容量；导则允许配电变压器正常周期性负载达 1.5 p.u.，前提是热点和顶层油温不超限",
    "IEC 60076-7:2018; German planning practice 1.0 x rating (FfE/Agora 2023, as cited)": "IEC 60076-7:2018；德国规划惯例取 1.0 倍额定容量（转引自 FfE/Agora 2023）",
}  # fmt: skip
_PRICES = {
    "NHDES 2012: state leak survey programme, $200,000 held enough for 568 miles, 27 systems, 2009-2011 (a budget, not a bid); interval = half to double, assumed": "NHDES 2012：州检漏计划，20 万美元预算对应 568 英里、27 个系统，2009～2011 年（预算而非报价）；区间取一半至两倍，为假设",
    "NHDES 2012: state leak survey programme, $219/km of 2011 (a budget, not a bid), x 1.5 assumed for prices of 2026": "NHDES 2012：州检漏计划，2011 年 219 美元/km（预算而非报价），折算 2026 年价格假设乘以 1.5",
    "Whitefish 2018: 70 miles incl. 750 hydrants and 1,500 valves in 4 weeks, at 20 working days; interval assumed": "Whitefish 2018：4 周（按 20 个工作日）完成 70 英里，含 750 个消火栓和 1500 个阀门；区间为假设",
    "Whitefish, Montana, leak survey 2018: 70 miles in 4 weeks, computed with 20 working days": "蒙大拿州 Whitefish 2018 年检漏：4 周 70 英里，按 20 个工作日计算",
    "no published figure found for one repair; enter repair_each under prices in city.toml": "未查到单次修复的公开费用；请在 city.toml 的 prices 中填写 repair_each",
    "no published figure found; excavation and closing of one leak by one crew": "未查到公开数据；按一个班组开挖并修复一处漏点计",
    "assumption: without a search the leak would run another year before it shows or is reported": "假设：若不检漏，漏点还会持续一年才显现或被报告",
    "assumption: an acoustic survey that passes the leak finds it; what it misses is part of the realisation rate": "假设：声学检漏经过漏点即可发现；漏检部分计入实现率",
    "no published figure found for the exchange of one pressure logger; enter replace_sensor under prices in city.toml": "未查到更换一个压力计的公开费用；请在 city.toml 的 prices 中填写 replace_sensor",
    "assumption: half a crew-day per logger": "假设：每个压力计半个班组·天",
    "no published rate verified/claimed of leak surveys found: a wide prior until works have been verified": "未查到检漏的公开实现率：在工程验证之前采用宽先验",
    "no published rate found: a wide prior": "未查到公开实现率：采用宽先验",
    "N1 law (May 1994; Lambert): mean of 157 field zones (Water Loss Control, table 10.9); interval = 0.5 fixed to 1.5 variable openings, its level assumed": "N1 定律（May 1994；Lambert）：157 个现场分区的均值（Water Loss Control，表 10.9）；区间取 0.5（固定孔口）至 1.5（可变孔口），其置信水平为假设",
    "lowest and highest of the 157 field zones (Water Loss Control, table 10.9)": "157 个现场分区中的最低值和最高值（Water Loss Control，表 10.9）",
    "assumption, used where neither the population nor a rule for legitimate night use is known: state population at the boundary": "假设：人口和合法夜间用水规定均未知时采用；请在分区中填写 population",
    "Thornton & Lambert 2007: % fewer bursts = factor x % fall of the highest pressure, 112 systems in 10 countries (Water Loss Control, table 10.10); level assumed": "Thornton & Lambert 2007：爆管减少百分比＝系数×最高压力降幅百分比，10 国 112 个系统（Water Loss Control，表 10.10）；置信水平为假设",
    "no published figure found for setting one pressure valve and checking it; enter valve_setting_each under prices in city.toml": "未查到调整并校核一个减压阀的公开费用；请在 city.toml 的 prices 中填写 valve_setting_each",
    "no published figure found for a day and night controller of one pressure valve; enter valve_controller_each under prices in city.toml": "未查到减压阀昼夜控制器的公开费用；请在 city.toml 的 prices 中填写 valve_controller_each",
    "no published figure found for opening and flushing at one closed valve; enter valve_operation_each under prices in city.toml": "未查到开启一个关闭阀门并冲洗的公开费用；请在 city.toml 的 prices 中填写 valve_operation_each",
    "no published figure found for a stronger pump or impeller; enter pump_upgrade_each under prices in city.toml": "未查到更换大泵或叶轮的公开费用；请在 city.toml 的 prices 中填写 pump_upgrade_each",
    "assumption: half a crew-day per valve, loggers read before and after": "假设：每个阀门半个班组·天，前后各读一次压力计",
    "assumption: two crew-days per controller": "假设：每个控制器 2 班组·天",
    "assumption: five crew-days per pump": "假设：每台水泵 5 班组·天",
    "assumption: so long a setting stands before the zone has changed": "假设：阀门设定在分区情况变化之前可维持的时间",
    "assumption: kept above the floor beside what the loggers show the model to be off": "假设：在压力计所示模型偏差之外，另留的最低压力余量",
    "no published rate verified/claimed of pressure management found: a wide prior until works have been verified": "未查到压力管理的公开实现率：在工程验证之前采用宽先验",
    "no published rate verified/claimed found: a wide prior until works have been verified": "未查到公开实现率：在工程验证之前采用宽先验",
    "the loads of pandapower's lv_schutterwald state 0.95; interval assumed": "pandapower 的 lv_schutterwald 算例负荷取 0.95；区间为假设",
    "Eversource (Massachusetts), typical unit costs of July 2022: pad-mounted transformer of 75 to 2,500 kVA $20,000 to 50,000, the lower end; reported to have risen several times since; interval assumed": "Eversource（马萨诸塞州）2022 年 7 月典型单价：75～2500 kVA 箱式变压器 2 万～5 万美元，取下限；据报此后已上涨数倍；区间为假设",
    "same source: the rest up to the upper end spread evenly over the ratings, (50,000 - 20,000) / 2,425 kVA; own interpolation": "来源同上：上下限之差按容量均摊，（50000－20000）/2425 kVA；自行插值",
    "no source read; assumed": "未查阅来源；为假设",
    "no published figure found; exchange in an existing station by one crew": "未查到公开数据；按一个班组在既有站内更换计",
    "Homely, DFS Assist, second winter: 440 W mean load reduction per participant (a vendor's own figure); interval assumed": "Homely，DFS Assist 第二个冬季：每户平均削减 440 W（厂商自报）；区间为假设",
    "no published figure found for one neighbourhood; assumed": "未查到单个小区的公开数据；为假设",
    "no published figure found; enter heat_pump_control_each under prices in city.toml": "未查到公开费用；请在 city.toml 的 prices 中填写 heat_pump_control_each",
    "Bundesnetzagentur, section 14a EnWG, module 1: 110 to 190 EUR a year less grid fees per device, as reported": "德国联邦网络局，《能源经济法》第 14a 条模块 1：据报道每台设备每年减免电网费 110～190 欧元",
    "no published figure found; the owner's installer fits it, the crew only checks": "未查到公开数据；由用户的安装商安装，班组仅检查",
    "no published rate verified/claimed found; a rating is a nameplate, the doubt is the load to come": "未查到公开实现率；额定容量为铭牌值，不确定的是未来负荷",
    "pilot: a real social rate of the size public appraisal uses; set your own": "试点取值：公共项目评价常用量级的实际社会折现率；请自行设定",
    "pilot: low end = energy alone, 0.375 kWh/m3 (simulated, settled) x energy_per_kwh; chemicals, treatment or purchase on top": "试点取值：下限仅含电费，0.375 kWh/m³（模拟稳定值）×电价；药剂、处理或购水另计",
    "pilot: the published model states no tariff": "试点取值：公开模型未给出电价",
    "pilot: the published model gives no number of connections": "试点取值：公开模型未给出接户数",
    "sum of the pipe lengths of the published model": "公开模型管道长度之和",
    "Ten States Standards: 20 psi (14.1 m) under all conditions of flow": "Ten States Standards：任何工况下 20 psi（14.1 m）",
    "N1 law on the measured night flow, pressures from the model": "对实测夜间流量按 N1 定律计算，压力取自模型",
    "model run with and without": "采取与不采取措施的模型对比",
    "no price of service pressure has been published": "未见公布的服务压力单价",
    "only where bursts are frequent": "仅适用于爆管较频繁的管网",
    "model run with and without the leak; its value is part of the price of water": "有无漏点的模型对比；其价值已含在水价中",
    "own definition": "自定义",
    "no price given": "未给出单价",
    "The demo approves what the plan proposes.": "演示程序批准方案所提内容。",
    "demo operator (simulated)": "演示操作员（模拟）",
    "crew (simulated)": "施工队（模拟）",
    "plan": "方案模块",
    "no published figure found for walking and testing the valves between two boundaries; enter check_valves_each under prices in city.toml": "未查到逐个核查两分区间边界阀门的公开费用；请在 city.toml 的 prices 中填写 check_valves_each",
    "assumption: two crew-days for the valves and meters between two boundaries": "假设：核查两分区间的阀门和流量计需两个班组·天",
    "assumption: chance that a check finds the valve that was changed": "假设：一次核查找到被改动阀门的概率",
    "National Research Council Canada 1995, A-7019.1, 21 Canadian cities, 1992-93; cast iron; interval half to double, assumed": "加拿大国家研究委员会 1995，A-7019.1，21 个加拿大城市，1992—93 年；铸铁管；区间取一半至两倍，系假设",
    "National Research Council Canada 1995, A-7019.1, 21 Canadian cities, 1992-93; ductile iron; interval half to double, assumed": "加拿大国家研究委员会 1995，A-7019.1，21 个加拿大城市，1992—93 年；球墨铸铁管；区间取一半至两倍，系假设",
    "National Research Council Canada 1995, A-7019.1, 21 Canadian cities, 1992-93; asbestos cement; interval half to double, assumed": "加拿大国家研究委员会 1995，A-7019.1，21 个加拿大城市，1992—93 年；石棉水泥管；区间取一半至两倍，系假设",
    "National Research Council Canada 1995, A-7019.1, 21 Canadian cities, 1992-93; PVC, as quoted by a secondary text; interval half to double, assumed": "加拿大国家研究委员会 1995，A-7019.1，21 个加拿大城市，1992—93 年；PVC 管，据二手资料引用；区间取一半至两倍，系假设",
    "National Research Council Canada 1995, A-7019.1, 21 Canadian cities, 1992-93; mean of cast iron 50 %, ductile iron 24 %, asbestos cement 12 % and PVC 10 % of the length, computed; the PVC figure is second-hand": "加拿大国家研究委员会 1995，A-7019.1，21 个加拿大城市，1992—93 年；按管长占比铸铁 50%、球墨铸铁 24%、石棉水泥 12%、PVC 10% 计算的平均值；PVC 数据为二手资料",
    "assumption: a new pipe breaks as rarely as the PVC of the Canadian survey of 1992-93, at worst as its ductile iron": "假设：新管爆管率与加拿大 1992—93 年调查中的 PVC 管相同，最差与其球墨铸铁管相同",
    "Shamir & Howard 1979, J. AWWA 71(5): breaks grow as exp(A t); A = 0.05 to 0.15 as recalled, text not seen; the low end is used as value": "Shamir & Howard 1979，J. AWWA 71(5)：爆管按 exp(A t) 增长；A＝0.05～0.15 系记忆值，未见原文；取低值",
    "assumption: without renewal the old pipe would be replaced after 20 years anyway; benefits end there and the new pipe keeps its residual value": "假设：即使不更新，旧管 20 年后也要更换；效益计至该时，新管保留残值",
    "assumption: service life of a new main, straight-line residual value": "假设：新管使用年限，残值按直线法",
    "no published figure found for open-cut renewal in a street; enter the city's own experience": "未查到道路开挖更新的公开工效；请填写本市经验值",
    "World Bank Institute band A below 2 in high-income countries, secondary text; used where the binding norm has no ILI": "世界银行学院 A 级：高收入国家 ILI 低于 2，二手资料；适用规范无 ILI 时采用",
    "no published rate verified/claimed of pipe renewal found: a wide prior until works have been verified": "未查到管网更新改造的实测与预计之比：在工程得到验证之前采用宽先验",
}  # fmt: skip
_CHINESE = {**_NORMS, **_PRICES}
#: Texts that are put together from several: the longest known pieces are replaced, then these joints.
_PIECE = re.compile("|".join(re.escape(t) for t in sorted(_CHINESE, key=len, reverse=True) if len(t) > 20))
_JOINTS = (
    (re.compile(r"; run time ([\d.]+) year\(s\): "), r"；不检漏时持续 \1 年："),
    (re.compile(r"; (\d+) verified works"), r"；\1 项已验证工程"),
    (re.compile(r"; highest pressure ([\d.]+) m, with it ([\d.]+) m; "), r"；最高压力 \1 m，采取后 \2 m；"),
    (re.compile(r"; ([\d.]+) years: "), r"；按 \1 年计："),
    (re.compile(r"^no price given; "), "未给出单价；"),
    (re.compile(r"; (\d+) inspected works"), r"；\1 项已现场核查、待验证的工程"),
)


def shipped(text: str) -> Pair:
    """A text of a shipped table in both languages; any other text is the same in both.

    >>> shipped("no published rate found: a wide prior; 2 verified works").zh
    '未查到公开实现率：采用宽先验；2 项已验证工程'
    """
    if text in _CHINESE:
        return Pair(text, _CHINESE[text])
    chinese, known = _PIECE.subn(lambda m: _CHINESE[m[0]], text)
    if known:
        for joint, replacement in _JOINTS:
            chinese = joint.sub(replacement, chinese)
    return Pair(text, chinese)
