"""`cityloop project add`: works of the city's own appear in the list and go their way."""

from pathlib import Path


def test_add_when_on_a_problem_then_listed_as_proposed_and_can_be_set(cli, city: Path) -> None:
    before = {p["id"] for p in cli("project", "list", city, "--json").json["projects"]}
    told = cli(
        "project", "add", city, 1, "--name", "干管更新", "--kind", "renewal", "--cost", "12,000", "--who", "Wang"
    )
    assert told.code == 0, told.err
    new = [p for p in cli("project", "list", city, "--json").json["projects"] if p["id"] not in before]
    assert [(p["name"], p["states"][-1]["state"], p["states"][-1]["by"]) for p in new] == [
        ("干管更新", "proposed", "Wang")
    ]
    assert cli("project", "set", city, new[0]["id"], "approved").code == 0
    assert cli("project", "add", city, 1, "--name", "干管更新").code == 2
    assert cli("project", "add", city, 1, "--name", "Other", "--cost", "much").code == 2
