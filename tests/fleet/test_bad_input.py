"""Every operation that a service documents meets every attack: no server error, and no answer that is not documented."""

from __future__ import annotations

import pytest
from caller import Caller
from documented import Operation, faults
from hostile import ATTACKS, Attack
from wired_shop import SERVICES


@pytest.fixture(scope="module")
def documented(caller: Caller) -> list[Operation]:
    return [operation for service in SERVICES for operation in caller.operations(service)]


def test_every_operation_answers_a_good_request(caller: Caller, documented: list[Operation]) -> None:
    wrong = []
    for operation in documented:
        came = caller.send(operation.service, caller.good(operation))
        wrong += [f"{operation.name}: {fault}" for fault in faults(operation, came)]
        wrong += [f"{operation.name}: {came.body!r}"] if came.status in {400, 401, 403, 422} else []
    assert wrong == []


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_bad_input_is_refused_as_documented(caller: Caller, documented: list[Operation], attack: Attack) -> None:
    wrong, asked = [], 0
    for operation in documented:
        for sent in attack.make(operation, caller.good(operation)):
            asked += 1
            came = caller.send(operation.service, sent)
            found = [] if came.status in attack.also else faults(operation, came, must=attack.must)
            wrong += [f"{operation.name}: {fault}: {sent!r:.300}" for fault in found]
    assert asked
    assert wrong == []
