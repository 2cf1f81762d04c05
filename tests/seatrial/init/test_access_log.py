from pathlib import Path

import pytest

from seatrial.errors import ConfigError
from seatrial.init.access_log import MOST_ROUTES, routes_of_log
from seatrial.init.log_lines import Hit, read_line
from seatrial.init.route import Found, Sample

LOG = Path("access.log")
COMMON = '127.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "{request}" {status} 12'


def lines(*asked: tuple[str, int], times: int = 1) -> list[str]:
    return [COMMON.format(request=f"{request} HTTP/1.1", status=status) for request, status in asked] * times


def found(*asked: tuple[str, int]) -> Found:
    return routes_of_log(LOG, lines(*asked))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(COMMON.format(request="GET /a?b=1 HTTP/1.1", status=200), id="common"),
        pytest.param(
            COMMON.format(request="GET /a?b=1 HTTP/2.0", status=200) + ' "http://ref/" "curl/8 \\"x\\""', id="combined"
        ),
        pytest.param(
            'shop.example:443 10.0.0.1 - bob [25/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 - "-" "-" 0.001',
            id="virtual host, user, more at the end",
        ),
        pytest.param('127.0.0.1 - - [25/Nov/2026 10:00:00] "GET /a?b=1 HTTP/1.1" 200 -', id="werkzeug"),
        pytest.param('::1 - - [25/Nov/2026:10:00:00] "GET /a?b=1 HTTP/1.1" 200 5', id="IPv6"),
        pytest.param('{"time":"x","request":"GET /a?b=1 HTTP/1.1","status":"200"}', id="nginx JSON, request line"),
        pytest.param('{"request_method":"GET","request_uri":"/a?b=1","status":200}', id="nginx JSON, request_uri"),
        pytest.param('{"request_method":"GET","uri":"/a","args":"b=1","status":200}', id="nginx JSON, uri and args"),
        pytest.param(
            '{"http.request.method":"GET","url.path":"/a","url.query":"b=1","http.response.status_code":200}',
            id="ECS dotted",
        ),
        pytest.param(
            '{"http":{"request":{"method":"get"},"response":{"status_code":200}},'
            '"url":{"original":"https://shop.example/a?b=1","path":"/a"}}',
            id="ECS nested",
        ),
    ],
)
def test_each_format_is_read(line: str) -> None:
    assert read_line(line) == Hit("GET", "/a", "b=1", 200)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Nov 25 10:00:00 host app: hello", id="prose"),
        pytest.param('{"level":"info","message":"started"}', id="another JSON"),
        pytest.param('{"request":', id="broken JSON"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param(COMMON.format(request="-", status=408), id="no request"),
        pytest.param(COMMON.format(request="\\x16\\x03\\x01", status=400), id="TLS on a plain port"),
        pytest.param('{"request_method":"GET","uri":"/a","status":"-"}', id="no status"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_no_request_is_not_read(line: str) -> None:
    assert read_line(line) is None


def test_routes_are_ranked_by_how_often_they_were_asked() -> None:
    asked = lines(("GET /a", 200), times=1) + lines(("GET /b", 200), times=5) + lines(("GET /c/7", 200), times=3)
    routes = routes_of_log(LOG, asked).routes
    assert [(route.template, route.weight) for route in routes] == [("/b", 5), ("/c/{c_id}", 3), ("/a", 1)]


def test_great_counts_become_weights_up_to_a_hundred() -> None:
    asked = lines(("GET /a", 200), times=2000) + lines(("GET /b", 200), times=500) + lines(("GET /c", 200), times=1)
    assert [route.weight for route in routes_of_log(LOG, asked).routes] == [100, 25, 1]


def test_samples_are_the_commonest_values() -> None:
    asked = lines(*((f"GET /items/{number}", 200) for number in range(9))) + lines(("GET /items/7", 200), times=3)
    route = routes_of_log(LOG, asked).routes[0]
    assert route.samples[0] == Sample({"item_id": "7"})
    assert len(route.samples) == 5


def test_the_commonest_query_is_asked_again() -> None:
    route = found(("GET /s?q=red+shoes", 200), ("GET /s?q=red+shoes", 200), ("GET /s?q=x", 200)).routes[0]
    assert route.samples == (Sample({}, {"q": "red shoes"}),)


@pytest.mark.parametrize("name", ["token", "access_token", "apikey", "session", "email", "sig", "code", "password"])
def test_a_query_that_may_be_private_is_not_repeated(name: str) -> None:
    assert found((f"GET /s?{name}=abc", 200)).routes[0].samples == (Sample(),)


def test_not_modified_is_what_a_client_with_a_cache_gets() -> None:
    assert found(("GET /a", 304), ("GET /b", 302)).routes[0].statuses == (200,)


@pytest.mark.parametrize(
    "request_line, status, reason",
    [
        ("POST /a", 201, "POST: a log does not tell what was sent"),
        ("GET /gone", 404, "answered 4xx"),
        ("GET /broken", 500, "answered 5xx"),
        ("GET /logo.png", 200, "static files"),
        ("GET /metrics", 200, "health and metrics"),
        ("GET /health/ready", 200, "health and metrics"),
    ],
)
def test_what_is_left_out_is_told(request_line: str, status: int, reason: str) -> None:
    result = found(("GET /", 200), (request_line, status))
    assert [route.template for route in result.routes] == ["/"]
    assert [(each.what, each.reason[: len(reason)]) for each in result.left_out] == [("1 requests", reason)]


def test_rare_routes_are_left_out_and_counted() -> None:
    asked = lines(*((f"GET /r{'x' * number}", 200) for number in range(MOST_ROUTES + 2)))
    result = routes_of_log(LOG, asked)
    assert len(result.routes) == MOST_ROUTES
    assert result.left_out[-1].what == "2 requests"
    assert "2 rarer routes" in result.left_out[-1].reason


def test_lines_of_no_known_format_are_counted() -> None:
    result = routes_of_log(LOG, ["started", "", *lines(("GET /", 200))])
    assert result.left_out == (("1 lines", "of no known format"),)


@pytest.mark.parametrize(
    "text, words",
    [
        (["hello world"], ["no line is of a known format", "common, combined", "'hello world'"]),
        ([], ["no line is of a known format"]),
        (lines(("POST /a", 201)), ["no GET in it was answered well", "POST"]),
    ],
    ids=["another log", "empty", "nothing to ask"],
)
def test_a_log_that_gives_nothing_is_refused(text: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        routes_of_log(LOG, text)
    assert [word for word in words if word not in str(caught.value)] == []
