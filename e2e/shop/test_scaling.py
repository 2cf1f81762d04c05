"""Three replicas of a service: all of them are scraped, all of them take their part."""

from __future__ import annotations

from typing import Any

from shop_client import newcomer
from shop_stacks import REPLICAS, Stack
from shop_telemetry import Telemetry, until
from shopping import shopping

SERVICE = "orders"
REQUESTS = 'sum by (instance) (http_server_request_duration_seconds_count{job="orders",http_route!="unmatched"})'


def test_all_replicas_are_scraped(stack: Stack, telemetry: Telemetry) -> None:
    expected = {each.instance for each in stack.replicas(SERVICE)}
    assert len(expected) == REPLICAS[SERVICE] == 3
    until(lambda: {each["metric"]["instance"] for each in telemetry.query(f'up{{job="{SERVICE}"}} == 1')} == expected)


def test_all_replicas_take_their_part(stack: Stack, telemetry: Telemetry, product: dict[str, Any]) -> None:
    expected = {each.instance for each in stack.replicas(SERVICE)}
    before = answered(telemetry)
    with shopping(lambda: [stack.entry], [newcomer(stack.entry) for _ in range(4)], product["id"]) as tally:
        until(lambda: tally.good > 200)
    until(lambda: sum(answered(telemetry).values()) - sum(before.values()) >= 100)
    share = {each: answered(telemetry).get(each, 0) - before.get(each, 0) for each in expected}
    assert tally.failed == []
    assert min(share.values()) > 0.15 * sum(share.values()), share


def answered(telemetry: Telemetry) -> dict[str, float]:
    return {each["metric"]["instance"]: float(each["value"][1]) for each in telemetry.query(REQUESTS)}
