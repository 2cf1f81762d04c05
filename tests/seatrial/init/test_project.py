import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_service import URL, FakeService, Together

from seatrial.errors import ConfigError, StackError, UsageError
from seatrial.init.probing import Http
from seatrial.init.project import Done, make_project, name_of
from seatrial.init.rendering import starters
from seatrial.init.wishes import Wishes, read_wishes
from seatrial.load.profile import read_profile
from seatrial.openloop.steps import Step
from seatrial.project.project import load_project
from seatrial.settings import Settings

RULES = {"/": "/", "/items": "/items", "/items/7": "/items/<int:item_id>", "/items/8": "/items/<int:item_id>"}
OPENAPI = json.dumps(
    {
        "openapi": "3.1.0",
        "paths": {
            "/items": {"get": {"operationId": "listItems"}, "post": {}},
            "/items/{item}": {"get": {"parameters": [{"name": "item", "in": "path", "example": 7}]}},
            "/gone/{item}": {"get": {"parameters": [{"name": "item", "in": "path", "schema": {"type": "integer"}}]}},
        },
    }
)


def wished(*paths: str, **more: str) -> Wishes:
    return read_wishes({"service": [f"web={URL}"], "path": paths, **{flag: [text] for flag, text in more.items()}})


def made(root: Path, wishes: Wishes, http: Http, *, force: bool = False) -> Done:
    settings = Settings(cache_dir=root / "cache", runtime_dir=root / "locks")
    return make_project(wishes, root, settings, http, lambda _: None, force=force)


def yaml_of(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def script(root: Path) -> str:
    return (root / "loadtests" / "locustfile.py").read_text()


def test_a_project_is_written_that_loads(tmp_path: Path) -> None:
    done = made(tmp_path, wished("/items", "/items/7"), FakeService(RULES))
    project = load_project(tmp_path / "seatrial.yml")
    assert project.fleet.services["web"].external[0].url == URL
    assert project.fleet.admin_of("web").metrics == "/metrics"
    roles = project.telemetry.roles
    assert (roles.server_requests and roles.server_requests.metric, roles.ignored_routes) == (
        "hits_total",
        ("/metrics",),
    )
    assert project.prometheus == tmp_path / "observability" / "prometheus"
    assert sorted(done.files) == sorted([*starters(), "observability/prometheus/prometheus.yml"])


def test_the_locustfile_asks_what_was_answered_by_the_services_names(tmp_path: Path) -> None:
    made(tmp_path, wished("/items", "/items/7", "/items/8", "/gone"), FakeService(RULES))
    text = script(tmp_path)
    compile(text, "locustfile.py", "exec")
    assert 'GET_ITEMS_ITEM_ID = Step("get-items-item-id", "GET", "/items/{item_id}", {200: None})' in text
    assert 'GET_ITEMS_ITEM_ID_ASKS = [{"item_id": "7"}, {"item_id": "8"}]' in text
    assert 'weights = {"get-items": 1, "get-items-item-id": 2}' in text
    assert "gone" not in text


def test_the_profiles_can_be_reached_by_the_journeys(tmp_path: Path) -> None:
    made(tmp_path, wished("/items"), FakeService(RULES))
    assert yaml_of(tmp_path / "loadtests" / "journeys.yml") == {"get-items": {"get-items": 1}}
    for name in ("smoke", "trial"):
        profile, _ = read_profile(tmp_path / "loadtests" / "profiles" / f"{name}.yml")
        assert profile.weights == {"get-items": 1}


def test_a_document_that_the_service_shows_is_found(tmp_path: Path) -> None:
    done = made(tmp_path, wished(), FakeService(RULES, documents={"/openapi.json": OPENAPI}))
    assert done.source == "the OpenAPI document at /openapi.json"
    assert [route.template for route in done.routes] == ["/items", "/items/{item}"]
    assert [tuple(each) for each in done.left_out] == [
        ("POST /items", "it may change something; add it by hand"),
        ("GET /gone/{item}", "answered 404 to /gone/1, with item=1 as a guess"),
    ]
    assert '"/items/{item_id}"' in script(tmp_path)


def test_a_document_may_be_a_file_or_a_path_there(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(OPENAPI)
    for number, named in enumerate([str(tmp_path / "api.json"), "/docs/api", f"{URL}/docs/api"]):
        root = tmp_path / str(number)
        root.mkdir()
        service = FakeService(RULES, documents={"/docs/api": OPENAPI})
        assert len(made(root, wished(openapi=named), service).routes) == 2


def test_an_access_log_gives_routes_and_weights(tmp_path: Path) -> None:
    line = '127.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "GET {} HTTP/1.1" 200 5\n'
    log = tmp_path / "access.log"
    log.write_text(line.format("/items/7") * 6 + line.format("/items/8") * 4 + line.format("/") * 5)
    done = made(tmp_path, wished(access_log=str(log)), FakeService(RULES))
    assert [(route.template, route.weight) for route in done.routes] == [("/items/{item_id}", 10), ("/", 5)]


def test_a_query_is_asked_with_its_path(tmp_path: Path) -> None:
    made(tmp_path, wished("/items/7?full=1"), FakeService(RULES))
    assert 'ASKS = [({"item_id": "7"}, {"full": "1"})]' in script(tmp_path)
    assert "path, query = journey.random.choice(" in script(tmp_path)


@pytest.mark.parametrize(
    "path, asked",
    [
        ("/a{b}", "/a%7Bb%7D"),
        ("/it's", "/it's"),
        ('/"x"', "/%22x%22"),
        ("/a\\b", "/a%5Cb"),
        ("/ü", "/%C3%BC"),
        ("/%7Bx%7D", "/%7Bx%7D"),
        ("/a?q='\"{}&e=", "/a"),
    ],
)
def test_odd_paths_are_written_as_they_are_asked(tmp_path: Path, path: str, asked: str) -> None:
    made(tmp_path, wished(path), FakeService({asked: asked}))
    names: dict[str, Any] = {"Step": Step, "OpenLoopUser": object}
    steps = "\n".join(line for line in script(tmp_path).splitlines() if not line.startswith("from "))
    exec(steps, names)  # noqa: S102 - what was just written
    step = next(value for value in names.values() if isinstance(value, Step))
    assert step.target({}, None) == asked


def test_who_calls_whom_is_asked_for_where_several_are(tmp_path: Path) -> None:
    api = FakeService({}, url="http://127.0.0.1:5001")
    wishes = read_wishes({"service": [f"web={URL}", f"api={api.url}"], "path": ["/items"]})
    remarks = made(tmp_path, wishes, Together((FakeService(RULES), api))).remarks
    assert any("nobody said who calls whom" in each.what for each in remarks)


def test_steps_name_the_entry_where_its_log_tells(tmp_path: Path) -> None:
    service = FakeService(RULES, log=tmp_path / "app.log")
    wishes = read_wishes({"service": [f"web={URL}"], "log": ["web=app.log"], "path": ["/items"]})
    made(tmp_path, wishes, service)
    assert 'touches=("web",)' in script(tmp_path)
    assert yaml_of(tmp_path / "fleet.yml")["services"]["web"]["external"] == [{"url": URL, "log": "app.log"}]


def test_a_service_that_tells_otherwise_has_roles_of_its_own(tmp_path: Path) -> None:
    api = FakeService({}, url="http://127.0.0.1:5001", metric="api_calls_total", counts_itself=False)
    wishes = read_wishes({"service": [f"web={URL}", f"api={api.url}"], "calls": ["web=api"], "path": ["/items"]})
    made(tmp_path, wishes, Together((FakeService(RULES), api)))
    telemetry = load_project(tmp_path / "seatrial.yml").telemetry
    own = telemetry.roles_of("api").server_requests
    assert own is not None
    assert own.metric == "api_calls_total"
    assert telemetry.roles_of("api").process_start == "process_start_time_seconds"
    assert yaml_of(tmp_path / "telemetry.yml")["services"]["api"].keys() == {"server_requests", "ignored_routes"}


def test_a_service_elsewhere_is_written_down_and_not_asked(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text('10.0.0.1 - - [25/Nov/2026:10:00:00 +0000] "GET /items HTTP/1.1" 200 5\n')
    service = FakeService(RULES, url="https://shop.example")
    wishes = read_wishes({"service": ["web=https://shop.example"], "metrics": ["web=/m"], "access_log": [str(log)]})
    done = made(tmp_path, wishes, service)
    assert service.asked == []
    assert [route.template for route in done.routes] == ["/items"]
    assert "is not on this machine, so it was not looked at" in done.remarks[0].what
    assert yaml_of(tmp_path / "fleet.yml")["services"]["web"]["admin"] == {"metrics": "/m"}


def test_metrics_may_have_an_address_of_their_own(tmp_path: Path) -> None:
    other = FakeService({}, url="http://127.0.0.1:9100")
    wishes = read_wishes({"service": [f"web={URL}"], "metrics": ["web=http://127.0.0.1:9100/metrics"]})
    made(tmp_path, wishes, Together((FakeService(RULES, metric=None), other)))
    replica = yaml_of(tmp_path / "fleet.yml")["services"]["web"]["external"][0]
    assert replica == {"url": URL, "admin_url": "http://127.0.0.1:9100"}


def test_what_is_in_the_way_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "seatrial.yml").write_text("mine")
    (tmp_path / "loadtests").mkdir()
    (tmp_path / "loadtests" / "locustfile.py").write_text("mine")
    with pytest.raises(UsageError, match=r"in the way: loadtests/locustfile.py, seatrial.yml\. .*--force"):
        made(tmp_path, wished("/items"), FakeService(RULES))
    assert (tmp_path / "seatrial.yml").read_text() == "mine"
    assert not (tmp_path / "fleet.yml").exists()


def test_it_is_replaced_when_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "seatrial.yml").write_text("mine")
    made(tmp_path, wished("/items"), FakeService(RULES), force=True)
    assert "mine" not in (tmp_path / "seatrial.yml").read_text()


def test_a_folder_in_the_place_of_a_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "seatrial.yml").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        made(tmp_path, wished("/items"), FakeService(RULES), force=True)


@pytest.mark.parametrize(
    "wishes, http, error, words",
    [
        pytest.param(wished("/items"), FakeService({}, url="http://127.0.0.1:1"), StackError, "does not answer", id="down"),
        pytest.param(wished("/x"), FakeService(RULES), UsageError, "answered 404 to /x", id="nothing to ask"),
        pytest.param(wished(openapi="no.json"), FakeService(RULES), ConfigError, "no.json: does not exist", id="no file"),
        pytest.param(wished(openapi="/no"), FakeService(RULES), UsageError, "the answer is 404", id="no document there"),
        pytest.param(
            wished(openapi="http://shop.example/o"), FakeService(RULES), UsageError, "not on this machine", id="elsewhere"
        ),
        pytest.param(wished(access_log="no.log"), FakeService(RULES), ConfigError, "cannot be read", id="no log"),
    ],
)  # fmt: skip
def test_nothing_is_written_when_it_cannot_be(
    tmp_path: Path, wishes: Wishes, http: Http, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        made(tmp_path, wishes, http)
    assert not (tmp_path / "seatrial.yml").exists()


@pytest.mark.parametrize(
    "command, words",
    [
        ("run it", "nothing says where web listens"),
        ("run {prot}", "web.command.1 uses {prot}. Known are:"),
        ("run {", "Write '{{' for a plain brace"),
    ],
)
def test_a_command_that_could_not_be_started_is_refused(tmp_path: Path, command: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(tmp_path, read_wishes({"command": [f"web={command}"]}), FakeService(RULES))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "folder, name", [("My Shop", "my-shop"), ("shop_api", "shop-api"), ("42", "fleet"), ("ü", "fleet")]
)
def test_the_fleet_is_called_after_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert name_of(tmp_path / folder) == name


def test_the_next_commands_name_the_project_and_where_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = made(tmp_path, wished("/items"), FakeService(RULES))
    assert done.commands[1][0] == f"seatrial --project {tmp_path}/seatrial.yml trial smoke --on external"
    monkeypatch.chdir(tmp_path)
    done = made(tmp_path, wished("/items"), FakeService(RULES), force=True)
    assert [command for command, _ in done.commands] == [
        "seatrial doctor",
        "seatrial trial smoke --on external",
        "seatrial trial --on external",
    ]


def test_a_machine_may_read_what_was_done(tmp_path: Path) -> None:
    document = made(tmp_path, wished("/items"), FakeService(RULES)).document()
    assert json.loads(json.dumps(document))["routes"] == [{"method": "GET", "route": "/items", "weight": 1}]
