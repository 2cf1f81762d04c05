from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from shop_in_process import STORES, Shop

from fleet.hooks.books import Books, Intrusion, Seen
from fleet.hooks.evidence import clients_saw, gather
from fleet.kit.database import Database
from fleet.kit.errors import StoreUrlError
from fleet.users.lookalikes import skeleton
from fleet.users.store import User, UsersStore
from fleet.users.store import migrate as migrate_users

HEADER = (
    "stage,journey,step,method,route,intended_start,start,duration,status,outcome,bytes,trace_id,span_id,key,ref,error"
)
ROWS = {
    "acknowledged": "steady,buy,place-order,POST,/v1/orders,1.0,1.0,0.1,201,ok,9,t,s,k1,o1,",
    "refused": "steady,buy,place-order,POST,/v1/orders,1.0,1.0,0.1,409,ok,9,t,s,k2,,",
    "wrong": "steady,buy,place-order,POST,/v1/orders,1.0,1.0,0.1,503,wrong,9,t,s,k3,,status 503",
    "unanswered": "steady,buy,place-order,POST,/v1/orders,1.0,1.0,5.0,,timeout,0,t,s,k4,,",
    "deposit": "steady,buy,deposit,POST,/v1/accounts/me/deposits,1.0,1.0,0.1,201,ok,9,t,s,k5,d1,",
    "cancelled": "steady,cancel,cancel-order,POST,/v1/orders/{order_id}/cancel,1.0,1.0,0.1,200,ok,9,t,s,k6,o1,",
    "registered": "steady,sign-up,register,POST,/v1/users/register,1.0,1.0,0.1,201,ok,9,t,s,,u1,",
    "unregistered": "steady,sign-up,register,POST,/v1/users/register,1.0,1.0,5.0,,timeout,0,t,s,,,",
    "let-in": "steady,my-orders,view-others-order,GET,/v1/orders/{order_id},1.0,1.0,0.1,200,wrong,9,t7,s,,,status 200",
    "sent-away": "steady,my-orders,expired-token,GET,/v1/home,1.0,1.0,0.1,401,ok,9,t8,s,,,",
    "reading": "steady,browse,list-products,GET,/v1/products,1.0,1.0,0.1,200,ok,9,t,s,,,",
}
ORDERS = {
    Seen("k1", "o1", 201, True),
    Seen("k2", "", 409, True),
    Seen("k3", "", 503, False),
    Seen("k4", "", None, False),
}


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    rows = list(ROWS.values())
    for number, part in enumerate((rows[:3], rows[3:])):
        (folder / f"requests-{number}.csv").write_text("\n".join([HEADER, *part]) + "\n")
    (folder / "journeys-1.csv").write_text("stage,journey\n")
    return folder


def books(shop: Shop, **extra: object) -> Books:
    return gather(
        {"run_dir": str(shop.folder), "stores": {name: shop.url(name) for name in STORES}, "samples": None} | extra
    )


def parquet(samples: Path) -> None:
    with duckdb.connect() as database:
        target = samples / "requests.parquet"
        database.read_csv(str(samples / "requests-*.csv"), all_varchar=True).write_parquet(str(target))
    for file in samples.glob("*.csv"):
        file.unlink()


@pytest.mark.parametrize("gathered", [False, True], ids=["csv-of-several-processes", "parquet"])
def test_the_samples_are_the_clients_history(shop: Shop, samples: Path, gathered: bool) -> None:  # noqa: FBT001 - a case
    if gathered:
        parquet(samples)
    clients = books(shop, samples=str(samples)).clients
    assert clients is not None
    assert set(clients.orders) == ORDERS
    assert clients.deposits == (Seen("k5", "d1", 201, True),)
    assert clients.cancellations == (Seen("k6", "o1", 200, True),)
    assert set(clients.registrations) == {Seen("", "u1", 201, True), Seen("", "", None, False)}
    assert set(clients.intrusions) == {
        Intrusion("view-others-order", "t7", 200),
        Intrusion("expired-token", "t8", 401),
    }


@pytest.mark.parametrize("named", [None, "empty"], ids=["not-named", "empty-folder"])
def test_no_samples_are_no_history(shop: Shop, tmp_path: Path, named: str | None) -> None:
    found = books(shop, samples=str(tmp_path) if named else None)
    assert found.clients is None
    assert "samples" in found.absent


def test_what_no_client_keyed_is_left_out() -> None:
    row = dict(zip(HEADER.split(","), ROWS["wrong"].replace("k3", "").split(","), strict=True))
    assert clients_saw([row]).orders == ()


def test_the_stores_are_read_row_by_row(shop: Shop) -> None:
    customer, product = shop.customer(500), shop.goods(5)
    made = shop.order(customer, product, "one", quantity=2).get_json()["id"]
    found = books(shop)
    [order] = [order for order in found.orders if order.id == made]
    assert (order.subject, order.key, order.quantity, order.step) == (customer, "one", 2, "confirmed")
    assert found.accounts[customer] == 300
    assert [(row.on_hand, row.reserved) for row in found.stock if row.product_id == product] == [(3, 0)]
    assert [row.kind for row in found.transfers if row.reference == made] == ["charge"]


def test_what_is_to_be_told_and_what_was_told_are_read(shop: Shop) -> None:
    made = shop.order(shop.customer(500), shop.goods(5), "told").get_json()["id"]
    found = books(shop)
    assert [(row.event_id, row.kind) for row in found.outbox if row.order_id == made] == [
        (f"{made}.confirmed", "order.confirmed")
    ]
    assert found.feed is not None


def test_a_cancelling_is_read_with_its_key(shop: Shop) -> None:
    customer = shop.customer(500)
    made = shop.order(customer, shop.goods(5), "bought").get_json()["id"]
    shop.client("orders").post(f"/v1/orders/{made}/cancel", headers=shop.headers(customer, "undo"))
    assert [(row.step, row.cancel_key) for row in books(shop).orders if row.id == made] == [("cancelled", "undo")]


def test_users_are_read_with_what_their_names_look_like(shop: Shop, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/users.db"
    database = Database(url)
    migrate_users(database)
    assert UsersStore(database).add(
        User(id="u1", name="b0b", display_name="Bob", password_hash="$argon2id$", created=1.0)
    )
    database.close()
    [user] = books(shop, stores={name: shop.url(name) for name in STORES} | {"users": url}).users or ()
    assert (user.id, user.name) == ("u1", "b0b")
    assert user.skeleton == skeleton("bob")


def test_a_shop_without_users_of_its_own_says_so(shop: Shop) -> None:
    found = books(shop, stores={name: shop.url(name) for name in STORES if name != "users"})
    assert found.users is None
    assert "no store of users" in found.absent


def test_populate_tells_the_opening(shop: Shop) -> None:
    opening = {"opening_stock": {"lamp": 3}, "deposits": [{"key": "p1", "amount": 7}], "users": {"u1": "cust-1"}}
    file = shop.folder / "populate.json"
    file.write_text(json.dumps(opening))
    found = books(shop)
    file.unlink()
    assert (found.opening_stock, found.opening_deposits) == ({"lamp": 3}, {"p1": 7})
    assert found.opening_users == {"u1"}


def test_without_populate_the_opening_is_not_known(shop: Shop) -> None:
    found = books(shop)
    assert (found.opening_stock, "populate.json" in found.absent) == (None, True)


def test_a_missing_store_is_said_and_not_made(shop: Shop, tmp_path: Path) -> None:
    stores = {name: f"sqlite:///{tmp_path}/{name}.db" for name in STORES}
    with pytest.raises(StoreUrlError, match="There is no store"):
        books(shop, stores=stores)
    assert not list(tmp_path.glob("*.db"))
