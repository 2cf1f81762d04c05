import pytest

from fleet.kit import exchange
from fleet.kit.exchange import Exchange, Observer, allowance, template


@pytest.mark.parametrize(
    "rule, expected",
    [
        ("/v1/products", "/v1/products"),
        ("/v1/products/<product_id>", "/v1/products/{product_id}"),
        ("/v1/products/<string:product_id>", "/v1/products/{product_id}"),
        ("/v1/a/<int:a_id>/b/<path:rest>", "/v1/a/{a_id}/b/{rest}"),
    ],
)
def test_template(rule: str, expected: str) -> None:
    assert template(rule) == expected


@pytest.mark.parametrize(
    "header, seconds",
    [
        pytest.param(None, 10.0, id="absent"),
        pytest.param("1500", 1.5, id="shorter"),
        pytest.param("60000", 10.0, id="longer than ours"),
        pytest.param("0", 0.0, id="used up"),
        pytest.param("1.5", 10.0, id="no whole number"),
        pytest.param("²", 10.0, id="other digits"),
        pytest.param("", 10.0, id="empty"),
    ],
)
def test_allowance(header: str | None, seconds: float) -> None:
    assert allowance(header, 10.0) == seconds


def ask(observer: Observer) -> list[bytes]:
    return list(observer({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None))


def test_answer_is_whole_before_the_exchange_ends() -> None:
    steps: list[str] = []

    def wsgi(_environ, start_response):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - WSGI
        start_response("200 OK", [])
        yield b"a"
        steps.append("last byte made")
        yield b"b"

    observer = Observer(wsgi, 10)
    observer.at_end.append(lambda _: steps.append("ended"))
    assert ask(observer) == [b"ab"]
    assert steps == ["last byte made", "ended"]


def test_an_exchange_that_breaks_ends_as_a_500() -> None:
    def wsgi(_environ, _start_response):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - WSGI
        raise RuntimeError("broken")

    ended: list[Exchange] = []
    observer = Observer(wsgi, 10)
    observer.at_end.append(ended.append)
    with pytest.raises(RuntimeError):
        ask(observer)
    assert (ended[0].status, ended[0].route) == (500, "unmatched")
    assert exchange.current() is None


def test_nothing_is_current_outside() -> None:
    with exchange.background() as scope:
        assert exchange.current() is scope
    assert exchange.current() is None
