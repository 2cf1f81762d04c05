import pytest

from fleet.kit.correlation import Span, new_span_id, new_trace_id, parse, receive

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(
    "header, sampled",
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", True, id="sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", False, id="not sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-ff", True, id="unknown flags beside the known"),
        pytest.param(f"00-{TRACE}-{SPAN}-fe", False, id="unknown flags alone"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01", True, id="later version"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01-what-the-future-brings", True, id="later version with more"),
    ],
)
def test_valid_header(*, header: str, sampled: bool) -> None:
    assert parse(header) == Span(TRACE, SPAN, None, sampled)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param(f"ff-{TRACE}-{SPAN}-01", id="version ff"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-more", id="version 00 with more"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-", id="version 00 with a dash"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01.more", id="later version without a dash"),
        pytest.param(f"00-{'0' * 32}-{SPAN}-01", id="trace id zero"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", id="span id zero"),
        pytest.param(f"00-{TRACE.upper()}-{SPAN}-01", id="upper case"),
        pytest.param(f"00-{TRACE[:-1]}-{SPAN}-01", id="short trace id"),
        pytest.param(f"00-{TRACE}-{SPAN}0-01", id="long span id"),
        pytest.param(f"00-{TRACE}-{SPAN}-1", id="short flags"),
        pytest.param(f"00-{TRACE}-{SPAN}", id="no flags"),
        pytest.param(f"0-{TRACE}-{SPAN}-01", id="short version"),
        pytest.param(f" 00-{TRACE}-{SPAN}-01", id="space before"),
        pytest.param(f"00-{TRACE}-{SPAN}-01\n", id="newline behind"),
        pytest.param(f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01", id="sent twice"),
        pytest.param(f"00-{'g' * 32}-{SPAN}-01", id="not hexadecimal"),
        pytest.param("00-" + "\N{ARABIC-INDIC DIGIT ZERO}" * 32 + f"-{SPAN}-01", id="other digits"),
    ],
)
def test_invalid_header_starts_a_new_trace(header: str | None) -> None:
    assert parse(header) is None
    span = receive(header)
    assert span.parent_id is None
    assert span.trace_id != TRACE


def test_own_span_is_below_the_callers() -> None:
    span = receive(f"00-{TRACE}-{SPAN}-01")
    assert (span.trace_id, span.parent_id) == (TRACE, SPAN)
    assert span.span_id != SPAN


def test_onward_header_is_read_back_as_the_parent() -> None:
    span = receive(None)
    assert receive(span.header()).parent_id == span.span_id


@pytest.mark.parametrize("sampled", [True, False])
def test_sampling_is_passed_on(*, sampled: bool) -> None:
    onward = parse(Span(TRACE, SPAN, None, sampled).child().header())
    assert onward is not None
    assert onward.sampled is sampled


def test_ids_have_their_length() -> None:
    assert len(new_trace_id()) == 32
    assert len(new_span_id()) == 16


STATE = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"


@pytest.mark.parametrize("state", [STATE, "a=1", "a=" + "x" * 510, "a=1, b=2"])
def test_state_goes_on_as_it_came(state: str) -> None:
    onward = receive(f"00-{TRACE}-{SPAN}-01", state).child()
    assert onward.headers() == {"traceparent": onward.header(), "tracestate": state}


@pytest.mark.parametrize(
    "header, state",
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", None, id="absent"),
        pytest.param(f"00-{TRACE}-{SPAN}-01", "", id="empty"),
        pytest.param(f"00-{TRACE}-{SPAN}-01", "a=" + "x" * 511, id="too long"),
        pytest.param(f"00-{TRACE}-{SPAN}-01", "a=1\r\nX: 1", id="another line"),
        pytest.param(f"00-{TRACE}-{SPAN}-01", "no member", id="no member"),
        pytest.param(f"00-{TRACE}-{SPAN}-01", "a=\xe4", id="not ASCII"),
        pytest.param(None, STATE, id="without a trace"),
        pytest.param("rubbish", STATE, id="of an invalid trace"),
    ],
)
def test_state_that_does_not_belong_is_dropped(header: str | None, state: str | None) -> None:
    assert receive(header, state).headers().keys() == {"traceparent"}
