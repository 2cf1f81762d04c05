from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shop_in_process import Shop

from fleet.hooks.cast import Customer, draw
from fleet.hooks.documents import Document, HookError
from fleet.hooks.invariants import invariants
from fleet.hooks.migrate import migrate
from fleet.hooks.populate import populate
from fleet.hooks.settings import PopulateSettings
from fleet.kit.tokens import JwksFile, Verifier

SIZE = {"CUSTOMERS": "10", "PRODUCTS": "8", "SCARCE": "2", "POOR_SHARE": "0.2"}
SMALL = PopulateSettings(customers=10, products=8, scarce=2, poor_share=0.2)


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Document:
    for name, value in SIZE.items():
        monkeypatch.setenv(f"SEATRIAL_POPULATE_{name}", value)
    stores = {name: f"sqlite:///{tmp_path}/{name}.db" for name in ("catalog", "inventory", "orders", "payments")}
    document = {"run_dir": str(tmp_path), "services": [], "stores": stores, "samples": None, "random_seed": 7}
    assert migrate(document) == {"migrated": ["catalog", "inventory", "orders", "payments"]}
    return document


def door(customer: Customer, token: str, key: str) -> dict[str, object]:
    assert token.count(".") == 2
    return {"key": key, "subject": customer.subject, "amount": customer.balance, "id": f"d-{key}"}


def file(document: Document, name: str) -> dict[str, Any]:
    return dict(json.loads((Path(document["run_dir"]) / name).read_text()))


def test_the_answer_counts_what_was_made(document: Document) -> None:
    answer = populate(document, door=door)
    assert answer == {
        "identities": f"{document['run_dir']}/identities.json",
        "customers": 10,
        "poor": 2,
        "products": 8,
        "scarce": 2,
        "deposits": 10,
    }


def test_identities_are_for_their_owner_alone(document: Document) -> None:
    populate(document, door=door)
    assert (Path(document["run_dir"]) / "identities.json").stat().st_mode & 0o777 == 0o600


def test_the_tokens_are_good_and_the_private_key_is_nowhere(document: Document) -> None:
    populate(document, door=door)
    folder = Path(document["run_dir"])
    verifier = Verifier(JwksFile(folder / "jwks.json"))
    known = file(document, "identities.json")["identities"]
    assert [verifier.verify(entry["token"]).subject for entry in known] == [entry["subject"] for entry in known]
    assert '"d"' not in (folder / "jwks.json").read_text() + (folder / "identities.json").read_text()


def test_what_the_equations_start_from_holds_no_secret(document: Document) -> None:
    populate(document, door=door)
    opening = file(document, "populate.json")
    assert sorted(opening) == ["deposits", "kid", "opening_stock", "schema", "seed"]
    assert sum(1 for pieces in opening["opening_stock"].values() if pieces == 1) == 2
    assert "token" not in json.dumps(opening)


def test_a_deposit_that_is_not_acknowledged_stops_it(document: Document) -> None:
    def closed(customer: Customer, _token: str, _key: str) -> dict[str, object]:
        raise HookError(customer.subject)

    with pytest.raises(HookError):
        populate(document, door=closed)
    assert not (Path(document["run_dir"]) / "identities.json").exists()


def test_the_same_seed_is_the_same_shop() -> None:
    assert draw(SMALL, 7) == draw(SMALL, 7)


def test_another_seed_is_another_shop() -> None:
    assert draw(SMALL, 7) != draw(SMALL, 8)


def test_the_default_shop_meets_both_refusals() -> None:
    cast = draw(PopulateSettings(), 1)
    assert (len(cast.customers), len(cast.products), len(cast.scarce)) == (200, 300, 3)
    assert sum(customer.poor for customer in cast.customers) == 20


def test_a_shop_that_was_filled_and_not_used_is_right(fresh_shop: Shop) -> None:
    def real_door(customer: Customer, token: str, key: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        body = {"amount": customer.balance}
        answer = fresh_shop.client().post("/v1/accounts/me/deposits", json=body, headers=headers)
        return {"key": key, "subject": customer.subject, "amount": customer.balance, "id": answer.get_json()["id"]}

    stores = {name: fresh_shop.url(name) for name in ("catalog", "inventory", "orders", "payments")}
    document = {"run_dir": str(fresh_shop.folder), "stores": stores, "samples": None, "random_seed": 1}
    populate(document, door=real_door)
    findings: Any = invariants(document)["findings"]
    verdicts = {finding["name"]: finding["verdict"] for finding in findings}
    assert "FAIL" not in verdicts.values()
    assert verdicts["stock-adds-up"] == "PASS"
