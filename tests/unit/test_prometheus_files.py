"""The rules fire when they should, and rules and dashboard name metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.metrics_page import PAGE, names_on_page
from tests.support.prometheus import check

FOLDER = Path(__file__).parents[2] / "docker" / "prometheus"
RULES = (FOLDER / "rules.yml").read_text()
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
METRIC = re.compile(r"\b(?:Flume|flumelab|pyspark_flume)_\w+")


def expressions() -> list[str]:
    targets = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    return [target["expr"] for target in targets]


def test_every_alert_fires_in_its_case_and_not_before() -> None:
    tested = (FOLDER / "rules_test.yml").read_text()
    fired = re.findall(r"alertname: (\w+)\n +exp_alerts:\n", tested)
    silent = re.findall(r"alertname: (\w+), exp_alerts: \[\]", tested)
    alerts = re.findall(r"- alert: (\w+)", RULES)
    assert sorted(fired) == sorted(alerts)
    waiting = re.findall(r"- alert: (\w+)\n(?: {8}.*\n)*? {8}for: ", RULES)
    assert waiting and set(waiting) <= set(silent)
    assert "SUCCESS" in check("test", "rules", FOLDER / "rules_test.yml")


def test_a_rule_that_never_fires_fails_its_test(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES.replace("> 0.8", "> 8"))
    (tmp_path / "rules_test.yml").write_text((FOLDER / "rules_test.yml").read_text())
    with pytest.raises(AssertionError, match="FlumeChannelFillsUp"):
        check("test", "rules", tmp_path / "rules_test.yml")


def test_promtool_accepts_conf_and_rules() -> None:
    check("check", "config", FOLDER / "prometheus.yml")


def test_promtool_accepts_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(expressions())
    ]
    file = tmp_path / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))  # JSON is YAML
    check("check", "rules", file)


def test_rules_and_dashboard_name_only_metrics_of_the_page() -> None:
    known = names_on_page("Flume_") | names_on_page("flumelab_") | names_on_page("pyspark_flume_")
    known |= {f"{name}_bucket" for name in known}
    named = set(METRIC.findall(" ".join([RULES, *expressions()])))
    assert len(named) > 25
    assert named - known == set(), f"not in {PAGE}"


def test_the_dashboard_has_no_panel_over_another_and_works_with_any_prometheus() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
