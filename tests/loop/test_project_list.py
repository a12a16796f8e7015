"""A project list against observed problems: matched, doubted by ten rules, and chosen by the plan like any other."""

from dataclasses import replace

import msgspec
import pytest

from cityloop.errors import RecordError
from cityloop.formats.project_cells import Amount, Yearly
from cityloop.formats.project_list import ListedProject, ProjectList
from cityloop.i18n import Pair
from cityloop.loop.ailments import AILMENTS, Row, diagnose
from cityloop.loop.countermeasure import propose
from cityloop.loop.decision import apply
from cityloop.loop.listed_project import LITRES_PER_S, import_project
from cityloop.loop.plan import make_plan
from cityloop.loop.project_list import absent, examine, import_data, list_remarks
from cityloop.records import Countermeasure, Plan, RankedThing, Relation, Thing

WORDS = {
    "burst": Pair("Burst", "突发漏损（爆管）"), "repair": Pair("Leak survey and repair", "检漏并修复"),
    "night_flow": Pair("night flow", "夜间流量"), "low_pressure": Pair("Low pressure", "供水压力不足"),
}  # fmt: skip


def money(amount, currency="USD"):
    return Amount(amount, amount, amount, currency, f"{amount:g}")


def listed(name="东湖漏损治理", *, row=5, investment=None, **values):
    texts = {k: v for k, v in values.items() if isinstance(v, str)}
    rest = {k: v for k, v in values.items() if not isinstance(v, str)}
    return ListedProject("储备库", row, name, name, {"name": name, **texts}, investment or money(60.0), **rest)


def a_list(tmp_path, *projects, columns=("name", "content", "place", "investment")):
    return ProjectList(tmp_path / "储备库.xlsx", list(projects), columns={"储备库": dict.fromkeys(columns, "")})


@pytest.fixture
def bench(toy, tmp_path):
    """A view with two boundaries and a leak in the first; `see(*projects)` examines a list."""

    class Bench:
        def __init__(self):
            self.problem = toy.problem()
            self.view = toy.View().put(self.problem)
            for id, zh, en in (("b1", "一区·东湖（虚构）", "East Lake"), ("b2", "东湖南片区", "East Lake South")):
                self.view.put(Thing(id=id, kind="boundary", name=id, properties={"name_zh": zh, "name_en": en}))
            self.domain = toy.Domain(words=WORDS, title=Pair("Drinking water", "供水"))

        def see(self, *projects, stated=None, **how):
            self.found = a_list(tmp_path, *projects, **how)
            return examine(self.found, self.view, [self.domain], stated or {})

        def decision(self, row, **how):
            return toy.decide(row.answers[0], "import_project", **import_data(row, self.found), **how)

        def enter(self, *projects, **how):
            for row in self.see(*projects, **how):
                self.view.put(*apply(self.decision(row), self.view, [self.domain]))
            return [c for c in self.view.records(Countermeasure) if c.kind == "imported_project"]

    return Bench()


# --- matching ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("values", "state"), [
    ({"place": "一区"}, "ready"), ({"place": "East Lake"}, "ready"), ({"content": "东湖路面恢复，爆管点修复"}, "ready"),
    ({"place": ""}, "confirm"), ({"place": "东湖南片区"}, "no_problem"), ({"name": "东湖道路大修", "place": "一区"}, "no_problem"),
    ({"name": "东湖燃气管网漏损治理", "place": "一区"}, "no_problem"), ({"name": "东湖检漏", "place": "一区"}, "no_problem"),
    ({"name": "Leak works", "place": "East Lake South"}, "no_problem"), ({"name": "Bursts mended", "place": "b1"}, "ready"),
])  # fmt: skip
def test_examine_when_place_and_trouble_are_named_then_matched_and_only_then(bench, values, state):
    values = {"name": "漏损治理", "place": "", **values}
    (row,) = bench.see(listed(values.pop("name"), **values))
    assert row.state == state
    assert row.answers == ((bench.problem.id,) if state == "ready" else ())


def test_examine_when_only_an_answer_is_named_then_proposed_with_its_reason(bench, toy):
    bench.view.put(toy.measure("a"))
    (row,) = bench.see(listed("检漏工程", place="一区"))
    assert (row.state, row.matches[0].problem, row.matches[0].score) == ("confirm", bench.problem.id, 0.6)
    assert row.matches[0].why.zh == "写明“一区”，含“检漏”"
    (row,) = bench.see(listed("检漏工程", place="一区"), stated={("储备库", 5): [bench.problem.id]})
    assert (row.state, row.answers, row.by_person) == ("ready", (bench.problem.id,), True)


def test_examine_when_a_street_of_the_ranked_area_is_named_then_its_place_counts(bench, toy):
    pipe = RankedThing(thing="p-7", name="P-7", rank=1, probability=0.5, length_m=80.0)
    bench.view.put(Thing(id="p-7", kind="pipe", name="P-7", properties={"street": "人民路"}))
    bench.view.put(msgspec.structs.replace(bench.problem, area=(pipe,)))
    (row,) = bench.see(listed("漏损治理", place="人民路"))
    assert (row.state, row.matches[0].why.zh) == ("ready", "写明“人民路”，含“漏损”")
    (row,) = bench.see(listed("漏损治理，更换p-7", place=""))
    assert row.state == "ready"


def test_examine_when_the_thing_lies_in_the_area_named_then_proposed_only(bench, toy):
    part = Relation(kind="part_of", thing="b2")
    bench.view.put(Thing(id="t-9", kind="transformer", name="T-9", relations=(part,)), toy.problem("t-9"))
    (row,) = bench.see(listed("漏损治理", place="东湖南片区"))
    assert (row.state, row.matches[0].problem) == ("confirm", toy.problem("t-9").id)
    (row,) = bench.see(listed("漏损治理 T-9", place="东湖南片区"))
    assert (row.state, row.answers) == ("ready", (toy.problem("t-9").id,))


def test_examine_when_a_problem_is_closed_then_no_row_answers_it(bench, toy):
    bench.view.put(msgspec.structs.replace(bench.problem, status="closed"))
    (row,) = bench.see(listed(place="一区"))
    assert (row.state, row.why.zh) == ("no_problem", "一区·东湖（虚构）未观测到此类问题")
    assert {d.key: d.verdict for d in row.ailments}["no_real_problem"] == "found"


def test_examine_when_the_subject_is_not_observed_then_the_rule_does_not_guess(bench):
    (row,) = bench.see(listed("道路大修", place="一区"))
    (found,) = (d for d in row.ailments if d.key == "no_real_problem")
    assert (found.verdict, row.state) == ("cannot_tell", "no_problem")


# --- ten ailments ------------------------------------------------------------------------------------------------
CASES = [
    ("hardware_without_voice", {"content": "大屏与服务器"}, {"content": "大屏，已征求居民意见"}, {"content": "换管"}),
    ("hardware_without_voice", {"content": "换管", "citizens": "无"}, {"content": "大屏", "citizens": "听证会一次"}, {}),
    ("hardware_without_voice", {"content": "换管，未征求意见"}, {"content": "cameras; residents asked"}, {"content": "pipes"}),
    ("no_thought_of_cost", {"content": "无后期运营安排"}, {"content": "建成后由水务集团运维"}, {"content": "换管"}),
    ("fashionable_name", {"name": "智慧广场", "content": "地面硬化、绿化"}, {"name": "智慧水务", "content": "压力监测与数据平台"}, {"name": "数字孪生"}),
    ("fashionable_name", {"name": "Smart square", "content": "paving"}, {"name": "Square", "content": "paving"}, {"name": "AI赋能"}),
    ("fashionable_name", {"name": "元宇宙平台", "content": "建设元宇宙平台一套"}, {"name": "换管", "content": "换管"}, {"name": "5G 应用"}),
    ("no_economics", {"benefit": "提升形象"}, {"content": "投资回收期 8 年"}, {"benefit": "惠及 3000 户"}),
    ("no_top_level_design", {"stage": "前期谋划"}, {"basis": "供水专项规划（示发〔2025〕1 号）"}, {"stage": "施工图"}),
    ("cut_off_from_ecology_and_culture", {"content": "拆除老街"}, {"content": "拆除老街，保护文物与风貌"}, {"content": "换管"}),
    ("information_island", {"content": "建设管理平台"}, {"content": "建设管理平台，与一网统管对接"}, {"content": "换管"}),
    ("information_island", {"content": "a new database"}, {"content": "换管", "partners": "城管局、数据局"}, {}),
    ("no_private_channel", {"funding": "财政资金、专项债券"}, {"funding": "财政 50%，社会资本 50%"}, {"funding": "自筹"}),
    ("no_private_channel", {"funding": "无社会资本"}, {"mode": "特许经营"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "found", "clear", "open_"), CASES)
def test_diagnose_when_a_row_says_so_then_found_or_clear_and_else_it_says_what_to_state(key, found, clear, open_):
    for texts, verdict in ((found, "found"), (clear, "clear"), (open_, "cannot_tell")):
        texts = dict(texts)
        project = listed(texts.pop("name", "工程"), **texts)
        seen = {d.key: d for d in diagnose(Row(project, frozenset({"investment"}), {}, "certain", Pair("", "")))}[key]
        assert (seen.verdict, texts) == (verdict, texts)
        assert bool(seen.cure.zh and seen.cure.en) == (verdict != "clear")
        assert seen.because.en and seen.because.zh


def test_diagnose_when_the_list_has_a_column_and_the_cell_is_empty_then_that_is_the_finding():
    project = ListedProject("s", 2, "k", "工程", {"name": "工程"})
    columns = frozenset({"investment", "operation", "benefit"})
    verdicts = {d.key: d for d in diagnose(Row(project, columns, {}, "certain", Pair("", "")))}
    assert (verdicts["no_thought_of_cost"].verdict, verdicts["no_economics"].verdict) == ("found", "found")
    assert "总投资" in verdicts["no_thought_of_cost"].because.zh


@pytest.mark.parametrize(
    ("modes", "verdict"), [({"EPC": 3}, "found"), ({"EPC": 2}, "cannot_tell"), ({"EPC": 2, "PPP": 1}, "clear")]
)
def test_diagnose_when_all_rows_state_one_mode_then_found(modes, verdict):
    row = Row(listed("工程", mode="EPC"), frozenset(), modes, "certain", Pair("", ""))
    assert {d.key: d.verdict for d in diagnose(row)}["one_mode"] == verdict


def test_ailments_when_listed_then_ten_in_two_languages():
    assert len({a.key for a in AILMENTS}) == 10
    assert all(p.en and p.zh for a in AILMENTS for p in (a.title, a.cure, a.state))


# --- records -----------------------------------------------------------------------------------------------------
def test_import_when_entered_then_it_competes_and_no_turn_withdraws_it(bench, toy):
    cheap, dear = (
        listed("东湖漏损治理甲", place="一区", investment=money(60.0), income=money(80.0)),
        listed("东湖漏损治理乙", row=6, place="一区", investment=money(5000.0), income=money(80.0)),
    )
    chosen, refused = sorted(bench.enter(cheap, dear), key=lambda c: c.costs[0].unit_value.amount)
    assert (chosen.answers, chosen.boundary, chosen.realisation.estimate.low) == ((bench.problem.id,), "b1", 0.0)
    assert propose(bench.view, [bench.domain], None) == []
    (plan,) = (r for r in make_plan(bench.view, None) if isinstance(r, Plan))
    assert [line.countermeasure for line in plan.lines] == [chosen.id]
    assert "Costs more than it is worth" in plan.rejected[refused.id]


def test_import_when_a_domain_offers_the_same_saving_then_the_plan_takes_one_of_the_two(bench, toy):
    bench.view.put(toy.measure("offer", one_of="survey:b1", benefit=500.0))
    (entered,) = bench.enter(listed(place="一区", income=money(80.0)))
    (plan,) = (r for r in make_plan(bench.view, None) if isinstance(r, Plan))
    assert len(plan.lines) == 1 and "only one of their group" in plan.rejected[entered.id]


def test_import_when_no_benefit_is_stated_then_it_takes_part_unpriced(bench):
    (entered,) = bench.enter(listed(place="一区", investment=money(60.0)))
    assert ([r.kind for r in entered.costs], entered.effects) == (["cost"], ())
    (plan,) = (r for r in make_plan(bench.view, None) if isinstance(r, Plan))
    assert "Its benefit has no price" in plan.rejected[entered.id]


def test_import_when_water_is_saved_then_at_most_what_the_gap_holds_counts(bench):
    water = Yearly("water", 1e9, 1e9, 1e9, "m3", "节水")
    (entered,) = bench.enter(listed(place="一区", yearly=(water,)))
    (effect,) = entered.effects
    assert effect.grade == "assumed" and effect.estimate.value == pytest.approx(5.0)  # upper end of the gap, L/s
    (row,) = (r for r in entered.costs if r.name == "saved water")
    assert (row.kind, row.quantity.value) == ("non_monetary", pytest.approx(5.0 / LITRES_PER_S))


def test_import_when_a_price_of_water_is_known_then_the_saving_is_priced_once(bench, toy):
    bench.view.policy = replace(toy.POLICY, prices={"water_per_m3": (2.0, "tariff", "given")})
    water = Yearly("water", 1000.0, 1000.0, 1000.0, "m3", "节水")
    (one, two) = bench.enter(
        listed("东湖漏损甲", place="一区", yearly=(water,)),
        listed("东湖漏损乙", row=6, place="一区", yearly=(water,), income=money(9.0)),
    )
    kinds = {c.title_zh[-1]: {r.name: r.kind for r in c.costs} for c in (one, two)}
    assert kinds["甲"]["saved water"] == "benefit" and kinds["乙"]["saved water"] == "non_monetary"


def test_import_when_repeated_then_nothing_changes_and_a_corrected_amount_makes_a_version(bench, toy):
    (first,) = bench.enter(listed(place="一区", content="检漏"))
    bench.view.put(toy.measure("offer"))  # adds words by which the row could be matched
    (again,) = bench.see(listed(place="一区", content="检漏", row=9))
    assert apply(bench.decision(again), bench.view, [bench.domain]) == []
    (second,) = bench.enter(listed(place="一区", investment=money(70.0)))
    assert (second.id, second.version, second.costs[0].unit_value.amount) == (first.id, 2, 70.0)


def test_import_when_a_person_stated_the_problem_then_it_holds_next_time(bench, toy):
    stated = {("储备库", 5): [bench.problem.id]}
    bench.enter(listed("管线工程"), stated=stated)
    (row,) = bench.see(listed("管线工程"))
    assert (row.state, row.answers) == ("ready", (bench.problem.id,))


def test_import_when_the_currency_is_another_or_works_are_decided_then_it_is_left_alone(bench, toy):
    (row,) = bench.see(listed(place="一区", investment=money(60.0, "EUR")))
    assert row.state == "other_currency" and "not converted" in list_remarks(bench.found, "USD")[0].en
    with pytest.raises(RecordError, match="another currency"):
        import_project(bench.decision(row), bench.view, [])
    (entered,) = bench.enter(listed(place="一区"))
    bench.view.put(toy.project(entered, "approved"))
    (row,) = bench.see(listed(place="一区", investment=money(99.0)))
    assert row.state == "decided"
    with pytest.raises(RecordError, match="decided on already"):
        import_project(bench.decision(row), bench.view, [])


def test_import_when_the_file_holds_a_project_no_more_then_it_can_be_withdrawn_and_come_back(bench, toy):
    (entered,) = bench.enter(listed(place="一区", income=money(80.0)))
    bench.see(listed("别的工程"))
    assert [c.id for c in absent(bench.found, bench.view)] == [entered.id]
    bench.view.put(*apply(toy.decide(bench.problem.id, "withdraw_project", measure=entered.id), bench.view, []))
    assert absent(bench.found, bench.view) == () and make_plan(bench.view, None) == []
    with pytest.raises(RecordError, match="No listed project"):
        apply(toy.decide(bench.problem.id, "withdraw_project", measure=entered.id), bench.view, [])
    (back,) = bench.enter(listed(place="一区", income=money(80.0)))
    assert "withdrawn" not in back.details and back.version == 3


def test_import_when_no_investment_is_stated_then_no_plan_gets_it_for_nothing(bench, toy):
    project = replace(listed(place="一区"), investment=None)
    (row,) = bench.see(project)
    assert row.state == "no_investment"
    with pytest.raises(RecordError, match="without an investment"):
        apply(bench.decision(row), bench.view, [])


def test_import_when_a_problem_is_closed_then_refused(bench, toy):
    closed = toy.problem("b2", status="closed")
    bench.view.put(closed)
    with pytest.raises(RecordError, match="Reopen it first"):
        apply(toy.decide(closed.id, "import_project", name="甲", list="a.xlsx", cost=1.0), bench.view, [])
    with pytest.raises(RecordError, match="without its name"):
        apply(toy.decide(bench.problem.id, "import_project", list="a.xlsx"), bench.view, [])
