from pathlib import Path
from textwrap import dedent

import pytest
from specs import AVAILABLE, QUICK, load

from seatrial.errors import ConfigError

OPEN = dedent(
    """\
    apiVersion: openslo/v1
    kind: SLO
    metadata:
      name: availability
      displayName: Web is there
      labels: {seatrial_alert: WebUnavailable, seatrial_kind: availability, seatrial_steps: all}
    spec:
      service: web
      indicator:
        spec:
          ratioMetric:
            counter: true
            good:
              metricSource: {type: Prometheus, spec: {query: 'sum(rate(request_seconds_count{job="web", status!~"5.."}[{{.window}}]))'}}
            total:
              metricSource: {type: Prometheus, spec: {query: 'sum(rate(request_seconds_count{job="web"}[{{.window}}]))'}}
      timeWindow: [{duration: 30d, isRolling: true}]
      budgetingMethod: Occurrences
      objectives: [{target: 0.99}]
    """
)


def test_a_document_for_each_service(tmp_path: Path) -> None:
    found = load(tmp_path, f"{AVAILABLE}---\n{QUICK}")
    assert [objective.id for objective in found] == ["web-availability", "web-latency"]
    assert [objective.place.line for objective in found] == [4, 17]


def test_what_sloth_says(tmp_path: Path) -> None:
    (objective,) = load(tmp_path, QUICK)
    assert (objective.target, objective.budget, objective.threshold) == (0.95, 0.05, 0.25)
    assert objective.steps == ("view", "buy")
    assert objective.alert == "WebSlow"


def test_labels_of_the_document_are_labels_of_all(tmp_path: Path) -> None:
    labelled = AVAILABLE.replace("service: web\n", "service: web\nlabels: {team: shop}\n")
    (objective,) = load(tmp_path, labelled)
    assert objective.labels["team"] == "shop"


def test_open_slo_says_the_same(tmp_path: Path) -> None:
    (objective,) = load(tmp_path, OPEN)
    assert (objective.id, objective.target, objective.alert) == ("web-availability", 0.99, "WebUnavailable")
    assert objective.page is not None
    assert objective.description == "Web is there"
    assert 'status!~"5.."' in objective.bad
    assert objective.bad.startswith('(\nsum(rate(request_seconds_count{job="web"}')  # all, less the good ones


def test_several_targets_of_one_document_are_told_apart(tmp_path: Path) -> None:
    text = OPEN.replace("{target: 0.99}", "{target: 0.99}, {target: 0.999}").replace(", seatrial_steps: all", "")
    assert [each.name for each in load(tmp_path, text)] == ["availability-99", "availability-99.9"]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("30d", "28d", "28d"),
        ("Occurrences", "Timeslices", "Timeslices"),
        ("kind: SLO", "kind: Service", "Service"),
        ("ratioMetric", "thresholdMetric", "thresholdMetric is not known here"),
    ],
)
def test_open_slo_that_cannot_be_judged_by_burn_rate_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, OPEN.replace(old, new))


def test_two_of_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two objectives of web are called availability"):
        load(tmp_path, f"{AVAILABLE}---\n{AVAILABLE}")


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("events:", "plugin: {id: x}\n      events:", "plugin is not known here"),
        ("version: prometheus/v1", "version: prometheus/v2", "prometheus/v2"),
        ("objective: 99", "objective: 100", "below 100"),
    ],
)
def test_what_the_spec_does_not_have_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, AVAILABLE.replace(old, new))
