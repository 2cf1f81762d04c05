"""What customers notice when replicas are restarted or killed while they shop: nothing, or what was on its way there and no more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from shop_client import newcomer
from shop_stacks import SERVICES, Stack
from shop_telemetry import until
from shopping import shopping

pytestmark = pytest.mark.slow_on("local")
CUSTOMERS = 4
ROUNDS = int(os.environ.get("SEATRIAL_RESTARTS", "1"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_restart_of_each_replica_fails_no_request(
    stack: Stack, product: dict[str, Any], service: str, record_property: Callable[[str, object], None]
) -> None:
    customers = [newcomer(stack.entry) for _ in range(CUSTOMERS)]
    with shopping(lambda: doors(stack), customers, product["id"]) as tally:
        until(lambda: tally.good > 20)
        for _ in range(ROUNDS):
            for replica in stack.replicas(service):
                stack.restart(replica)
        good = tally.good
        until(lambda: tally.good > good + 20)  # what a restart broke shows a moment later
    record_property("requests", tally.good)
    record_property("failed", len(tally.failed))
    assert tally.failed == []


def test_a_replica_that_is_killed_costs_what_was_on_its_way_there(
    stack: Stack, product: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    """All its calls carry keys or change nothing, so that callers may ask another replica: not even those are lost."""
    customers = [newcomer(stack.entry) for _ in range(CUSTOMERS)]
    victim = stack.replicas("orders")[0]
    with shopping(lambda: doors(stack), customers, product["id"]) as tally:
        until(lambda: tally.good > 20)
        stack.kill(victim)
        time.sleep(3)
        good = tally.good
        until(lambda: tally.good > good + 20)
        stack.revive(victim)
    record_property("requests", tally.good)
    record_property("failed", len(tally.failed))
    assert len(tally.failed) <= CUSTOMERS
    assert len(stack.replicas("orders")) == 3


def doors(stack: Stack) -> list[str]:
    return [each.url for each in stack.replicas("gateway")]
