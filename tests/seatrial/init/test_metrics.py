from collections.abc import Mapping

import pytest

from seatrial.backends.errors import NotExposition
from seatrial.init.families import Family, gained, moving, read_families
from seatrial.init.gauges import choose_gauges
from seatrial.init.metrics import Choice, Move, choose_requests

FLASK_EXPORTER = """
# HELP flask_exporter_info Information about the Prometheus Flask exporter
# TYPE flask_exporter_info gauge
flask_exporter_info{version="0.23.1"} 1.0
# HELP flask_http_request_duration_seconds Flask HTTP request duration in seconds
# TYPE flask_http_request_duration_seconds histogram
flask_http_request_duration_seconds_bucket{le="0.1",method="GET",path="/items",status="200"} 3.0
flask_http_request_duration_seconds_bucket{le="+Inf",method="GET",path="/items",status="200"} 3.0
flask_http_request_duration_seconds_count{method="GET",path="/items",status="200"} 3.0
flask_http_request_duration_seconds_sum{method="GET",path="/items",status="200"} 0.1
# HELP flask_http_request_total Total number of HTTP requests
# TYPE flask_http_request_total counter
flask_http_request_total{method="GET",status="200"} 3.0
# HELP flask_http_request_exceptions_total Total number of HTTP requests which resulted in an exception
# TYPE flask_http_request_exceptions_total counter
"""
STARLETTE = """
# TYPE starlette_requests_total counter
starlette_requests_total{app_name="a",method="GET",path="/items/{item_id}",status_code="200"} 2.0
# TYPE starlette_requests_created gauge
starlette_requests_created{app_name="a",method="GET",path="/items/{item_id}",status_code="200"} 1.7e+09
# TYPE starlette_request_duration_seconds histogram
starlette_request_duration_seconds_bucket{app_name="a",le="0.005",method="GET",path="/items/{item_id}",status_code="200"} 2.0
starlette_request_duration_seconds_bucket{app_name="a",le="+Inf",method="GET",path="/items/{item_id}",status_code="200"} 2.0
starlette_request_duration_seconds_count{app_name="a",method="GET",path="/items/{item_id}",status_code="200"} 2.0
starlette_request_duration_seconds_sum{app_name="a",method="GET",path="/items/{item_id}",status_code="200"} 0.1
# TYPE starlette_requests_in_progress gauge
starlette_requests_in_progress{app_name="a",method="GET"} 1.0
"""
DJANGO = """
# TYPE django_http_requests_latency_seconds_by_view_method histogram
django_http_requests_latency_seconds_by_view_method_bucket{le="0.01",method="GET",view="item"} 1.0
django_http_requests_latency_seconds_by_view_method_bucket{le="+Inf",method="GET",view="item"} 1.0
django_http_requests_latency_seconds_by_view_method_count{method="GET",view="item"} 1.0
django_http_requests_latency_seconds_by_view_method_sum{method="GET",view="item"} 0.1
# TYPE django_http_responses_total_by_status_view_method_total counter
django_http_responses_total_by_status_view_method_total{method="GET",status="200",view="item"} 1.0
# TYPE django_http_requests_total_by_method_total counter
django_http_requests_total_by_method_total{method="GET"} 1.0
"""
OPENTELEMETRY = """
# TYPE http_server_request_duration_seconds histogram
http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",http_route="/items",le="0.1",url_scheme="http"} 1
http_server_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",http_route="/items",le="+Inf",url_scheme="http"} 1
http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/items",url_scheme="http"} 1
http_server_request_duration_seconds_sum{http_request_method="GET",http_response_status_code="200",http_route="/items",url_scheme="http"} 1
# TYPE http_server_response_body_size_bytes histogram
http_server_response_body_size_bytes_bucket{http_request_method="GET",http_response_status_code="200",http_route="/items",le="+Inf"} 1
http_server_response_body_size_bytes_count{http_request_method="GET",http_response_status_code="200",http_route="/items"} 1
http_server_response_body_size_bytes_sum{http_request_method="GET",http_response_status_code="200",http_route="/items"} 1
# TYPE http_client_request_duration_seconds histogram
http_client_request_duration_seconds_bucket{http_request_method="GET",http_response_status_code="200",le="+Inf",server_address="b",url_template="/b"} 1
http_client_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",server_address="b",url_template="/b"} 1
http_client_request_duration_seconds_sum{http_request_method="GET",http_response_status_code="200",server_address="b",url_template="/b"} 1
# TYPE http_server_active_requests gauge
http_server_active_requests{http_request_method="GET"} 0
"""
OWN = """
# TYPE web_hits_total counter
web_hits_total{verb="GET",page="/items",code="200"} 4
# TYPE jobs_total counter
jobs_total{kind="mail"} 9
"""


def choice(text: str, *moves: Move) -> Choice:
    return choose_requests(read_families(text), moves)


@pytest.mark.parametrize(
    "text, taken",
    [
        (FLASK_EXPORTER, ("flask_http_request_duration_seconds", "histogram", "method", "path", "status")),
        (STARLETTE, ("starlette_request_duration_seconds", "histogram", "method", "path", "status_code")),
        (DJANGO, ("django_http_responses_total_by_status_view_method_total", "counter", "method", "view", "status")),
        (
            OPENTELEMETRY,
            (
                "http_server_request_duration_seconds",
                "histogram",
                "http_request_method",
                "http_route",
                "http_response_status_code",
            ),
        ),
        (OWN, ("web_hits_total", "counter", "verb", "page", "code")),
    ],
    ids=["prometheus_flask_exporter", "starlette-exporter", "django-prometheus", "OpenTelemetry", "own names"],
)
def test_the_metric_of_requests_is_found_by_its_values(text: str, taken: tuple[str, ...]) -> None:
    requests = choice(text).requests
    assert requests is not None
    found = (requests.family.name, requests.family.type, requests.method, requests.route, requests.status)
    assert found == taken


@pytest.mark.parametrize(
    "text, name, reason",
    [
        (FLASK_EXPORTER, "flask_http_request_total", "flask_http_request_duration_seconds suits better"),
        (STARLETTE, "starlette_requests_total", "starlette_request_duration_seconds suits better"),
        (DJANGO, "django_http_requests_latency_seconds_by_view_method", "no label tells the status"),
        (OPENTELEMETRY, "http_client_request_duration_seconds", "http_server_request_duration_seconds suits better"),
    ],
)
def test_what_was_nearly_taken_is_told_with_the_reason(text: str, name: str, reason: str) -> None:
    assert (name, reason) in choice(text).refused


def test_what_counts_no_requests_is_not_mentioned() -> None:
    assert choice(OWN).refused == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# TYPE a_total counter\na_total 3", id="no labels"),
        pytest.param('# TYPE a_total counter\na_total{method="GET",path="/",status="2xx"} 3', id="classes of status"),
        pytest.param('# TYPE a gauge\na{method="GET",path="/",status="200"} 3', id="gauge"),
    ],
)
def test_what_will_not_do_is_not_taken(text: str) -> None:
    assert choice(text).requests is None


def after(text: str, rises: Mapping[str, float]) -> dict[str, Family]:
    """The exposition with lines replaced: a line that begins so has this value."""
    lines = [
        next((f"{line.rsplit(' ', 1)[0]} {value:g}" for start, value in rises.items() if line.startswith(start)), line)
        for line in text.splitlines()
    ]
    return read_families("\n".join(lines))


def move(text: str, rises: Mapping[str, float], template: str = "/items", status: int = 200) -> Move:
    return Move("GET", template, template, status, gained(read_families(text), after(text, rises)))


def test_evidence_names_the_route_as_the_service_does() -> None:
    requests = choice(DJANGO, move(DJANGO, {"django_http_responses_total_by_status": 2}, "/items/{id}")).requests
    assert requests is not None
    assert [each.name for each in requests.named] == ["item"]


def test_a_metric_that_did_not_rise_by_one_is_not_taken() -> None:
    result = choice(OWN, move(OWN, {"web_hits_total": 6}))
    assert result.requests is None
    assert result.refused == (("web_hits_total", "it did not rise by one with each request, besides its own readings"),)


def test_a_status_that_was_not_answered_is_no_status() -> None:
    assert choice(OWN, move(OWN, {"web_hits_total": 5}, status=404)).requests is None


def test_a_metric_may_lack_the_method() -> None:
    text = '# TYPE r_total counter\nr_total{handler="/a",result="200"} 1'
    requests = choice(text, move(text, {"r_total": 2}, "/a")).requests
    assert requests is not None
    assert requests.labels == {"route": "handler", "status": "result"}


def test_labels_are_told_apart_by_evidence_where_values_alone_would_not() -> None:
    text = '# TYPE r_total counter\nr_total{asked="GET",served="GET",path="/a",code="200",was="500"} 1'
    requests = choice(text, move(text, {"r_total": 2}, "/a")).requests
    assert requests is not None
    assert requests.status == "code"


def test_series_that_move_by_being_read_are_known() -> None:
    before = read_families(OWN)
    rises = gained(before, after(OWN, {"web_hits_total": 5}))
    assert moving([rises]) == {("web_hits_total", (("verb", "GET"), ("page", "/items"), ("code", "200")))}


def test_a_series_that_was_not_there_has_risen_from_nothing() -> None:
    assert gained({}, read_families("# TYPE a_total counter\na_total 3"))["a_total"] == {(): 3.0}


def test_families_have_the_names_of_their_samples() -> None:
    families = read_families("# TYPE a_total counter\na_total 1\n# TYPE b gauge\nb 2\n# TYPE c counter\n")
    assert [(each.name, each.type) for each in families.values()] == [
        ("a_total", "counter"),
        ("b", "gauge"),
        ("c_total", "counter"),
    ]


def test_a_histogram_has_its_edges() -> None:
    assert read_families(STARLETTE)["starlette_request_duration_seconds"].buckets == (0.005,)


@pytest.mark.parametrize("text", ["", "<html>", "a{", "# only a comment"])
def test_what_is_no_exposition_is_refused(text: str) -> None:
    with pytest.raises(NotExposition):
        read_families(text)


def test_process_metrics_go_by_their_names() -> None:
    text = "process_cpu_seconds_total 1\nprocess_resident_memory_bytes 2\nprocess_start_time_seconds 3"
    assert set(choose_gauges(read_families(text)).roles) == {"cpu_seconds", "resident_bytes", "process_start"}


def test_open_files_are_taken_with_their_limit_only() -> None:
    both = read_families("process_open_fds 1\nprocess_max_fds 2")
    assert choose_gauges(both).named() == {"descriptors": {"metric": "process_open_fds", "limit": "process_max_fds"}}
    assert choose_gauges(read_families("process_open_fds 1")).named() == {}


def test_what_is_lacking_is_told_with_its_cost() -> None:
    assert [each.split(":")[0] for each in choose_gauges(read_families(OWN)).lacking] == [
        "no process_cpu_seconds_total",
        "no process_resident_memory_bytes",
        "no process_start_time_seconds",
    ]


def test_a_gauge_of_active_requests_is_taken_at_rest() -> None:
    assert choose_gauges(read_families(OPENTELEMETRY)).roles["active_requests"].name == "http_server_active_requests"


def test_a_gauge_that_counts_its_own_reading_is_not_taken() -> None:
    gauges = choose_gauges(read_families(STARLETTE))
    assert "active_requests" not in gauges.roles
    assert any(each.startswith("starlette_requests_in_progress is not 0") for each in gauges.lacking)
