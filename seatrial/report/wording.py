"""What every renderer says in the same words: the headline, the reasons, what was not checked. From verdict.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.checks.figures import figure
from seatrial.report.events import LoadProgress, ProcessLost, ReplicaReady, ReplicaRestarted

NAMED = 3
LOUD = ("FAIL", "INCONCLUSIVE")
MEASURES = frozenset({"s", "ratio", "1/s"})


def headline(document: Mapping[str, Any]) -> str:
    """One sentence: the verdict first, then what decided it."""
    checks = document["checks"]
    total = len(checks)
    deciding = [check["name"] for check in checks if check["verdict"] == document["verdict"]]
    if not checks:
        return "INCONCLUSIVE: nothing was checked"
    if document["verdict"] == "PASS":
        return f"PASS: all {total} checks passed"
    named = ", ".join(deciding[:NAMED]) + (f" and {len(deciding) - NAMED} more" if len(deciding) > NAMED else "")
    said = "failed" if document["verdict"] == "FAIL" else "could not be decided"
    return f"{document['verdict']}: {len(deciding)} of {total} checks {said}: {named}"


def facts(document: Mapping[str, Any], *, unchecked: bool = True) -> list[tuple[str, str]]:
    """A few lines about the run, by what each is about; with what was not checked, unless that stands elsewhere."""
    offered, load, latency = document["offered"], document["load"], document["latency_seconds"]
    shown = [f"{name} {figure(latency[name], 's')}" for name in latency if latency[name] is not None]
    lag = figure(load["lag_p99_seconds"], "s")
    lines = [
        ("load", f"{offered['rate']:g} journeys/s offered, {figure(offered['journeys'])} journeys planned"),
        ("requests", f"{figure(document['requests'])} sent, {figure(document['failures'])} failed"),
        ("latency", ", ".join(shown) or "too few judged requests"),
        ("generator", f"dispatch lag p99 {lag}" if lag else "left no account of itself"),
    ]
    if document["nearest"]:
        lines.append(("nearest limit", document["nearest"]["reason"]))
    if document["measuring"]:
        lines.append(("measuring", "; ".join(" ".join(cost) for cost in costs(document))))
    if alerts := document.get("alerts"):
        lines.append(("alerts", f"{', '.join(alerts['fired'])} fired" if alerts["fired"] else "none fired"))
    if budgets := spent(document):
        lines.append(("objectives", budgets))
    if pipeline := document.get("telemetry"):
        lines.append(("log pipeline", "; ".join(text for _, text in shipped(pipeline))))
    if document["populated"]:
        lines.append(("populated", listed(document["populated"])))
    return lines + [("not checked", each) for each in not_checked(document) if unchecked]


def costs(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What the measuring cost: process, CPU and memory."""
    return [
        (each["name"], figure(each["cpu"], "cores") or "not known", figure(each["rss_bytes"], "bytes") or "not known")
        for each in document["measuring"]
    ]


def shipped(pipeline: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What became of the log lines, and how late one could be found."""
    amiss = [
        f"{figure(pipeline[name])} {name.replace('_', '-')}"
        for name in ("lost", "unshipped", "duplicated", "dead_lettered", "unknown")
        if pipeline[name]
    ]
    lags = [(name, figure(pipeline[f"lag_{name}_seconds"], "s")) for name in ("p50", "p99", "max")]
    lines = [
        ("lines", f"{figure(pipeline['lines'])} lines, {figure(pipeline['documents'])} documents"),
        ("amiss", ", ".join(amiss) or "none lost or doubled"),
        ("found after", ", ".join(f"{name} {lag}" for name, lag in lags if lag) or "no line was asked for"),
    ]
    if pipeline["probes"]:
        lines[-1] = ("found after", f"{lines[-1][1]}, by {figure(pipeline['probes'])} probes")
    return lines + ([("server", f"this server has no {', no '.join(pipeline['lacks'])}")] if pipeline["lacks"] else [])


SOURCES = {"samples": "samples", "prometheus": "counters", None: "not known"}


def objectives(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """What each objective came to: name, what is wanted, measured, budget used, burn rate, and by what."""
    return [
        (
            f"{each['service']} {each['name']}",
            wanted(each),
            figure(each["measured"], "ratio") or "not known",
            figure(each["budget_used"], "ratio") or "not known",
            figure(each["burn_rate"]) or "not known",
            SOURCES[each["source"]],
        )
        for each in document.get("slo", ())
    ]


def wanted(objective: Mapping[str, Any]) -> str:
    """As 99 % within 300 ms."""
    within = figure(objective["threshold_seconds"], "s")
    return f"{objective['objective'] * 100:.6g} %" + (f" within {within}" if within else "")


def spent(document: Mapping[str, Any]) -> str:
    """How many objectives were missed, and who was nearest to it; empty without any."""
    known = [each for each in document.get("slo", ()) if each["budget_used"] is not None]
    if not known:
        return ""
    worst, missed = max(known, key=lambda each: each["budget_used"]), sum(each["budget_used"] > 1 for each in known)
    said = f"{missed} of {len(known)} missed" if missed else f"all {len(known)} met"
    return (
        f"{said}; most of its budget used {worst['service']} {worst['name']}, {figure(worst['budget_used'], 'ratio')}"
    )


PLACES = {
    "sent": "the client sent",
    "gateway": "the entry counted",
    "prometheus": "Prometheus stored",
    "logs": "the entry logged",
    "elasticsearch": "Elasticsearch found",
}


def places(counts: Mapping[str, Any]) -> list[str]:
    """Where the entry's requests were counted; Elasticsearch only where there was one."""
    return [title for name, title in PLACES.items() if name != "elasticsearch" or counts.get(name) is not None]


def counted(counts: Mapping[str, Any]) -> list[str]:
    """How many, in the same order."""
    return [figure(counts.get(name)) or "not known" for name, title in PLACES.items() if title in places(counts)]


def by_service(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The log pipeline's table, a row per service."""
    names = ("counted", "logged", "documents", "lines", "acknowledged")
    return [(row["service"], *(figure(row[name]) or "not known" for name in names)) for row in rows]


def differences(found: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Classes of differing counts, with examples and how many there are."""
    return [(each["class"], "; ".join(each["examples"]), figure(each["count"])) for each in found]


def circumstances(document: Mapping[str, Any], record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the figures depend on, from run.json."""
    machine, settings = record.get("machine", {}), record.get("settings", {})
    memory = figure(machine.get("memory_bytes"), "bytes")
    load = ", ".join(f"{each:.1f}" for each in machine.get("load_average", ()))
    faults = ", ".join(f"{fault['name']} at {fault['service']}" for fault in settings.get("faults", ()))
    replicas = ", ".join(f"{name} {number}" for name, number in settings.get("replicas", {}).items())
    lines = [
        ("run", f"{document['run']}, fleet {record.get('fleet', 'not known')}"),
        ("profile", f"{document['profile']}, seed {document['seed']}"),
        (
            "machine",
            f"{machine.get('cores', '?')} cores, {memory}, {machine.get('system', '')} {machine.get('release', '')}",
        ),
        ("load before", f"{load} (1, 5, 15 minutes)" if load else ""),
        ("versions", listed_versions(record.get("versions", {}))),
        ("faults", faults or "none"),
        ("replicas", replicas or "as fleet.yml says"),
        (
            "took",
            ", ".join(
                f"{name.removesuffix('_seconds')} {figure(each, 's')}" for name, each in document["timings"].items()
            ),
        ),
    ]
    return [(name, text) for name, text in lines if text]


def listed_versions(versions: Mapping[str, str]) -> str:
    """Python 3.11.2, locust 2.47.0."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def listed(populated: Mapping[str, int | str]) -> str:
    """What the populate hook made: 200 customers, password_hash argon2id."""
    return ", ".join(
        f"{name} {value}" if isinstance(value, str) else f"{value} {name}" for name, value in populated.items()
    )


def measured(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The checks that hold a figure against a limit: a table shows them best."""
    return [check for check in document["checks"] if _is_measured(check)]


def stated(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The others: their reason says what was found, also when they passed."""
    return [check for check in document["checks"] if not _is_measured(check)]


def _is_measured(check: Mapping[str, Any]) -> bool:
    return check["unit"] in MEASURES and check["limit"] is not None


def row(check: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """Name, figure, interval, limit and samples of a measured check."""
    unit = check["unit"]
    both = check["low"] is not None and check["high"] is not None
    interval = f"{figure(check['low'], unit)} to {figure(check['high'], unit)}" if both else ""
    limit = f"{'>=' if unit == '1/s' else '<='} {figure(check['limit'], unit)}"
    return check["name"], figure(check["value"], unit), interval, limit, figure(check["samples"])


def reasons(document: Mapping[str, Any]) -> list[tuple[str, list[str], str]]:
    """Verdict, checks and reason of the measured checks that did not pass; checks of one reason stand together."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for check in loud(document):
        if _is_measured(check):
            grouped.setdefault((check["verdict"], check["reason"]), []).append(check["name"])
    return [(verdict, names, reason) for (verdict, reason), names in grouped.items()]


def loud(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The checks that did not pass, failures first."""
    return [check for verdict in LOUD for check in document["checks"] if check["verdict"] == verdict]


def not_checked(document: Mapping[str, Any]) -> list[str]:
    """A sentence per reason."""
    by_reason: dict[str, list[str]] = {}
    for each in document["not_checked"]:
        by_reason.setdefault(each["reason"], []).append(each["name"])
    return [f"{', '.join(names)} ({reason})" for reason, names in by_reason.items()]


def happened(event: ReplicaReady | ReplicaRestarted | ProcessLost) -> str:
    """What a stack's process came to, in one sentence."""
    match event:
        case ReplicaReady():
            return f"{event.name} is ready ({event.seconds:.1f} s)"
        case ReplicaRestarted():
            return f"{event.instance} was restarted, as planned ({event.seconds:.1f} s)"
        case ProcessLost():
            code = "" if event.returncode is None else f" with exit code {event.returncode}"
            return f"{event.name} (pid {event.pid}) ended by itself{code}"


def remaining(event: LoadProgress) -> str:
    """How long arrivals will still come."""
    left = event.total - event.elapsed
    return f"{left:.0f} s left" if left > 0 else "no more arrivals; journeys under way end"


def what_next(run: str) -> list[tuple[str, str]]:
    """What one may do with a stack that is up: the wish, and the command for it."""
    return [
        ("look", f"seatrial status {run}"),
        ("restart", f"seatrial restart SERVICE --run {run}"),
        ("stop", f"Ctrl-C, or seatrial down {run}"),
    ]
