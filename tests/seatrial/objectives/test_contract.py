from pathlib import Path

import pytest
from specs import AVAILABLE, QUICK, load

from seatrial.errors import ConfigError
from seatrial.objectives.objective import WINDOW

COUNT = 'request_seconds_count{job="web"}'
TOTAL = f"total_query: sum(rate({COUNT}[{WINDOW}]))"
# What is written, what is written instead, where the refusal points, and what it says.
FAULTS = {
    "a page that never fires": (AVAILABLE, "objective: 99", "objective: 93", "alerting", "page of availability can never fire"),
    "with the remedy": (AVAILABLE, "objective: 99", "objective: 93", "alerting", "Raise the objective above 93.06"),
    "nor a ticket": (AVAILABLE, "objective: 99", "objective: 60", "alerting", "ticket of availability can never fire"),
    "a metric": (AVAILABLE, "(request_seconds_count", "(requests_count", "error_query", "requests_count, which telemetry.yml does not declare"),
    "a label": (AVAILABLE, "status=~", "code=~", "error_query", "its label 'code', which it has not: instance, job, route, status"),
    "a job": (AVAILABLE, 'job="web", status', 'job="webb", status', "error_query", "the job 'webb', which is no service"),
    "a service": (AVAILABLE, "service: web", "service: wep", "- name", "wep is no service of the fleet"),
    "a histogram's bare name": (AVAILABLE, f"({COUNT}", '(request_seconds{job="web"}', "total_query", "has only request_seconds_bucket"),
    "no window": (AVAILABLE, TOTAL, TOTAL.replace(WINDOW, "5m"), "total_query", f"total_query of availability has no {WINDOW}"),
    "no PromQL": (AVAILABLE, TOTAL, TOTAL.removesuffix(")"), "total_query", "is no PromQL"),
    "a kind": (AVAILABLE, "kind: availability", "kind: speed", "labels", "Write one of availability, latency, correctness"),
    "what no sample says": (AVAILABLE, "kind: availability", "kind: correctness", "labels", "requests of the load do not tell correctness"),
    "no name": (AVAILABLE, "{name: WebUnavailable}", "{}", "alerting", "alerting has no name"),
    "label and query disagree": (QUICK, 'seconds: "0.25"', 'seconds: "0.5"', "labels", "is 0.5, but its query counts those within le = 0.25"),
    "no bucket's bound": (QUICK, 'le="0.25"', 'le="0.3"', "labels", "le = 0.3, which is no bound of request_seconds_bucket: 0.1, 0.25"),
    "a whole bound, written in two ways": (QUICK, 'le="0.25"', 'le="1"', "labels", 'Ask for le=~"1|1.0"'),
    "no threshold": (QUICK, 'seatrial_threshold_seconds: "0.25", ', "", "labels", "goes with seatrial_kind: latency"),
    "a threshold in words": (QUICK, '"0.25", seatrial', "soon, seatrial", "labels", "is a number of seconds"),
    "a share nobody judges": (QUICK, "objective: 95", "objective: 97", "labels", "at 50, 75, 90, 95, 99, 99.5, 99.9 per cent"),
    "a label to group by": (QUICK, TOTAL, TOTAL.replace("sum(", "sum by (zone) ("), "total_query", "groups by 'zone', which no metric"),
}  # fmt: skip


@pytest.mark.parametrize("text, old, new, at, said", FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_is_refused_by_line(text: str, old: str, new: str, at: str, said: str, tmp_path: Path) -> None:
    assert old in text
    with pytest.raises(ConfigError) as told:
        load(tmp_path, text.replace(old, new, 1))
    assert said in str(told.value)
    assert at in text.splitlines()[(told.value.line or 0) - 1]


@pytest.mark.parametrize("text", [AVAILABLE, QUICK])
def test_what_can_be_is_not(text: str, tmp_path: Path) -> None:
    assert len(load(tmp_path, text)) == 1


def test_what_can_never_fire_may_be_disabled(tmp_path: Path) -> None:
    quiet = "{name: WebUnavailable, page_alert: {disable: true}}"
    text = AVAILABLE.replace("objective: 99", "objective: 90").replace("{name: WebUnavailable}", quiet)
    (objective,) = load(tmp_path, text)
    assert objective.page is None
    assert objective.ticket is not None


def test_a_whole_bound_may_be_asked_for_in_both_ways(tmp_path: Path) -> None:
    text = QUICK.replace('le="0.25"', 'le=~"1|1.0"').replace('"0.25"', '"1"')
    (objective,) = load(tmp_path, text)
    assert objective.threshold == 1


def test_two_that_ask_the_same_of_a_step_are_refused(tmp_path: Path) -> None:
    other = AVAILABLE.replace("service: web", "service: store")
    with pytest.raises(
        ConfigError, match="store-availability and web-availability both ask error_ratio of the step all"
    ):
        load(tmp_path, f"{AVAILABLE}---\n{other}")
