"""The mistakes that people make in the files, and what they are told: the place, the value, and what to do."""

from pathlib import Path

import pytest

from seatrial.errors import ConfigError
from seatrial.load.plan import prepare
from seatrial.project.project import load_project

SEATRIAL = "fleet: fleet.yml\ntelemetry: telemetry.yml\nload: {locustfile: l.py, profiles: .}\n"
FLEET = 'name: shop\nentry: web\nservices:\n  web:\n    command: [python, web.py, "{port}"]\n'
TELEMETRY = (
    "metrics:\n  hits_total: {type: counter, labels: [route, status]}\n"
    "roles:\n  server_requests: {metric: hits_total, route: route, status: status}\n"
)
PROFILE = "stages:\n  - {name: steady, rate: 10, seconds: 60, judge: true}\nlimits:\n  all: {p95: 0.5}\n"
FILES = {
    "seatrial.yml": SEATRIAL,
    "fleet.yml": FLEET,
    "telemetry.yml": TELEMETRY,
    "trial.yml": PROFILE,
    "journeys.yml": "look: {home: 1}\n",
}
COMMAND = '[python, web.py, "{port}"]'
STAGE = "{name: steady, rate: 10, seconds: 60, judge: true}"
WEB = f"services:\n  web:\n    command: {COMMAND}"


def told(folder: Path, file: str, old: str, new: str) -> str:
    """What is said of the files when one has this mistake; empty when they are good."""
    for name, text in FILES.items():
        assert name != file or old in text
        (folder / name).write_text(text.replace(old, new) if name == file else text)
    try:
        load_project(folder / "seatrial.yml")
        prepare("trial", profiles=folder, journeys=folder / "journeys.yml")
    except ConfigError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


def beneath(line: str) -> str:
    """One more key of the service."""
    return f"{COMMAND}\n    {line}"


def test_the_files_are_good_without_a_mistake(tmp_path: Path) -> None:
    assert told(tmp_path, "seatrial.yml", "fleet", "fleet") == ""


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("fleet: f", "fleet:f", "2:10: is not valid YAML: mapping values are not allowed here. Put a blank after each key"),
        ("load:", "\tload:", "3:1: is not valid YAML: found character '\\t' that cannot start any token. Indent with blanks"),
        ("fleet.yml", "flet.yml", "1:8: fleet names flet.yml, which does not exist. Correct the path."),
        ("fleet: fleet.yml\n", "", "1:1: fleet is missing. Add it."),
        ("fleet:", "Fleet:", "1:8: Fleet is not known here. Did you mean 'fleet'?"),
        ("fleet: fleet.yml", "fleet:", "1:7: fleet has no value. Write one"),
        ("fleet: fleet.yml", "fleet: {file: a}", "1:8: fleet is {file: a}, but a path is needed."),
        ("load: {locustfile: l.py, profiles: .}", "load: l.py", "3:7: load is 'l.py', but a mapping is needed, with the keys locustfile, profiles."),
        (", profiles: .", "", "3:7: load.profiles is missing. Add it."),
        ("load:", "hooks: {populate: python -m fill}\nload:", "3:19: hooks.populate is 'python -m fill', but a list is needed. Write [python, -m, fill]."),
        ("load:", "hooks: {populate: []}\nload:", "3:19: hooks.populate is [], but at least one is needed."),
        ("load:", "prometheus: no/where\nload:", "3:13: prometheus names no/where, which holds no prometheus.yml. Correct the path."),
        ("load:", "prometheus: 5\nload:", "3:13: prometheus is 5, but a path is needed."),
    ],
)  # fmt: skip
def test_in_seatrial_yml(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert f"seatrial.yml:{sentence}" in told(tmp_path, "seatrial.yml", old, new)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("entry: web", "entry: wbe", "2:8: entry names 'wbe', which is no service. Known are: web."),
        ("shop", "My Shop", "1:7: name is 'My Shop', but a name is needed: small letters, digits and '-', a letter first."),
        ("shop", "5", "1:7: name is 5, but text is needed. Put quotes around it."),
        ("shop", "on", "1:7: name is true, but text is needed. YAML reads on, off, yes, no, true and false so: put quotes"),
        ("  web:\n", "  Web:\n", "5:5: services.Web: 'Web' cannot stand here, a name is needed: small letters"),
        (WEB, "services: [web]", "3:11: services is [web], but a mapping is needed: NAME: value."),
        (WEB, "services: {}", "3:11: services is {}, but at least one is needed."),
        (WEB, "services:\n  web: run", "4:8: services.web is 'run', but a mapping is needed, with the keys command, port,"),
        (WEB, f"services:\n  web:\n  command: {COMMAND}", "4:7: services.web has no value. Write one (lines that belong"),
        (COMMAND, "python web.py {port}", "5:14: services.web.command is 'python web.py {port}', but a list is needed. Write [python, web.py, \"{port}\"]."),
        (COMMAND, "[python, {port}]", "5:23: services.web.command.1 is {port: null}, but text is needed. YAML reads braces as a mapping: put quotes"),
        (COMMAND, "[python, --port={port}]", "5:30: is not valid YAML: expected ',' or ']', but got '{'. Separate by ',', close the bracket, and put quotes"),
        (COMMAND, '[python, "{port"]', "5:23: web.command.1 is '{port': expected '}' before end of string. Write '{{' for a plain brace."),
        (COMMAND, '[python, "{prot}"]', "5:23: web.command.1 uses {prot}. Known are: admin_port,"),
        (COMMAND, "[python, 8000]", "5:23: services.web.command.1 is 8000, but text is needed. Put quotes around it."),
        (COMMAND, "[python]", "5:5: nothing says where web listens. Tell web its port: write {port} into its command or its environment."),
        (COMMAND, beneath("port: '8000'"), "6:11: services.web.port is '8000', but a whole number is needed. Remove the quotes."),
        (COMMAND, beneath("port: 80000"), "6:11: services.web.port is 80000, but it must be at most 65535."),
        (COMMAND, beneath("replicas: two"), "6:15: services.web.replicas is 'two', but a whole number is needed."),
        (COMMAND, beneath("replicas: 0"), "6:15: services.web.replicas is 0, but it must be at least 1."),
        (COMMAND, beneath("admin_port: 81\n    replicas: 2"), "7:15: the replicas of web would share its port. Tell web its port: write {admin_port} into"),
        (COMMAND, beneath("calls: api"), "6:12: services.web.calls is 'api', but a list is needed. Write [api]."),
        (COMMAND, beneath("calls: [api]"), "6:13: web calls 'api', which is no service. Known are: web."),
        (COMMAND, beneath("environment: {DEBUG: true}"), "6:26: services.web.environment.DEBUG is true, but text is needed. YAML reads on, off,"),
        (COMMAND, beneath("environment: [A=1]"), "6:18: services.web.environment is [A=1], but a mapping is needed: NAME: value."),
        (COMMAND, beneath("store: postgres"), "6:12: services.web.store is 'postgres', but only sqlite is known."),
        (COMMAND, beneath("admin: /metrics"), "6:12: services.web.admin is '/metrics', but a mapping is needed, with the keys metrics, live, ready."),
        (COMMAND, beneath("admin: {metrics: metrics}"), "6:22: services.web.admin.metrics is 'metrics', but a path is needed, which begins with '/'."),
        (COMMAND, beneath("external: http://127.0.0.1:1"), "6:15: services.web.external is 'http://127.0.0.1:1', but a list is needed."),
        (COMMAND, beneath("external: [{url: 127.0.0.1}]"), "6:22: services.web.external.0.url is '127.0.0.1', but an address is needed, as http://"),
        (COMMAND, beneath("comand: [x]"), "6:13: services.web.comand is not known here. Did you mean 'command'?"),
        (COMMAND, beneath("command: [x]"), "6:5: the key 'command' stands twice. Keep one of them."),
        (COMMAND, f"{COMMAND}\n   port: 1", "6:4: is not valid YAML: expected <block end>, but found '<block mapping start>'. Indent this line"),
    ],
)  # fmt: skip
def test_in_fleet_yml(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert f"fleet.yml:{sentence}" in told(tmp_path, "fleet.yml", old, new)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("counter", "Counter", "2:22: metrics.hits_total.type is 'Counter', but one of counter, gauge, histogram, summary is needed: counter, perhaps."),
        ("type: counter, ", "", "2:15: metrics.hits_total.type is missing. Add it."),
        ("[route, status]", "route", "2:39: metrics.hits_total.labels is 'route', but a list is needed. Write [route]."),
        ("[route, status]", "[route]", "4:63: 'status' is no label of hits_total. It has: route."),
        ("metric: hits_total", "metric: hit_total", "4:29: roles.server_requests.metric must name a counter, histogram or summary under metrics, and hit_total is none. They are: hits_total."),
        ("server_requests:", "server_request:", "4:19: roles.server_request is not known here. Did you mean 'server_requests'?"),
        ("labels:", "buckets: [1], labels:", "2:15: metrics.hits_total is a counter. Remove its buckets."),
        ("roles:\n", "roles:\n  log: {level: lvl, error_levels: error}\n", "4:35: roles.log.error_levels is 'error', but a list is needed. Write [error]."),
        ("roles:\n", "roles:\n  log: {level: lvl}\n", "4:16: roles.log.level names the log field 'lvl', which is not declared under logs. Declare it."),
        ("roles:\n", "roles:\n  busy: hits_total\n", "4:9: roles.busy is 'hits_total', but a mapping is needed, with the keys metric, limit."),
        ("roles:\n", "roles:\n  active_requests: [hits_total]\n", "4:20: roles.active_requests is [hits_total], but text is needed. Write it alone"),
        ("roles:\n", "services: {api: {}}\nroles:\n", "3:17: services names 'api', which the fleet has not. Known are: web."),
    ],
)  # fmt: skip
def test_in_telemetry_yml(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert f"telemetry.yml:{sentence}" in told(tmp_path, "telemetry.yml", old, new)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("steady", "on", "2:12: stages.0.name is true, but text is needed. YAML reads on, off, yes, no, true and false so: put quotes"),
        ("rate: 10", "rate: 2.5", "2:26: stages.0.rate is 2.5, but a whole number is needed."),
        ("rate: 10", "rate: 10/s", "2:26: stages.0.rate is '10/s', but a whole number is needed. Write the number alone, without a unit."),
        ("seconds: 60", "seconds: 1m", "2:39: stages.0.seconds is '1m', but a whole number is needed. Write the number alone, without a unit."),
        ("seconds: 60", "seconds: 0", "2:39: stages.0.seconds is 0, but it must be above 0."),
        (", judge: true", "", "1:1: the file: limits are asked, but no stage says judge: true. Mark one."),
        (f"\n  - {STAGE}", f" {STAGE}", "1:9: stages is {name: steady, rate: 10, seconds: 60, judge: true}, but a list is needed. Begin each of its lines with '- '."),
        ("p95: 0.5", "p95: 500ms", "4:14: limits.all.p95 is '500ms', but a number is needed. Write the number alone, without a unit."),
        ("p95: 0.5", "p97: 0.5", "4:14: limits.all.p97 is not known here. Did you mean 'p99'?"),
        ("p95: 0.5", "p99: 0.5", "4:14: limits.all.p99 needs 2000 requests, but the judged stages bring 600, and only 527 for sure."),
        ("p95: 0.5", "error_ratio: 1%", "4:22: limits.all.error_ratio is '1%', but a number is needed."),
        ("p95: 0.5", "error_ratio: 1", "4:22: limits.all.error_ratio is 1, but it must be below 1."),
        ("  all: {p95: 0.5}", "  p95: 0.5", "4:8: limits.p95 is 0.5, but a mapping is needed, with the keys p50, p75, p90, p95, p99, p995, p999, error_ratio, rate_min."),
        ("all:", "hoem:", "4:9: no journey with a weight asks the step hoem. Known are: all, home."),
        ("limits:", "weights: {lok: 1}\nlimits:", "3:16: weights.lok: no journey is called so. Did you mean 'look'?"),
        ("limits:", "think_seconds: 0.5\nlimits:", "3:16: think_seconds is 0.5, but a mapping is needed, with the keys min, max."),
    ],
)  # fmt: skip
def test_in_a_profile(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert f"trial.yml:{sentence}" in told(tmp_path, "trial.yml", old, new)


def test_no_sentence_speaks_of_the_machinery(tmp_path: Path) -> None:
    """Whoever writes YAML knows no tuple, no dictionary and no instance."""
    said = "".join(
        told(tmp_path, "fleet.yml", COMMAND, beneath(f"{key}: {value}"))
        for key in ("port", "replicas", "calls", "environment", "admin", "external", "log", "store")
        for value in ("x", "5", "[x]", "{a: 1}", "", "true")
    )
    assert [word for word in ("tuple", "dictionary", "instance", "Input", "validation", "None") if word in said] == []
