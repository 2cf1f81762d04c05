from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from users_alone import PASSWORD, UsersAlone

from fleet.users.desk import SERVICE_NAME


def slug(answer: object) -> str:
    return str(answer.get_json()["type"]).rsplit("/", 1)[-1]  # type: ignore[attr-defined] # a test response


def test_an_account_has_an_id_and_shows_its_name(users: UsersAlone) -> None:
    answer = users.register("Ada.Lovelace")
    made = answer.get_json()
    assert (answer.status_code, made) == (
        201,
        {"id": made["id"], "name": "ada.lovelace", "display_name": "ada.lovelace"},
    )


@pytest.mark.parametrize(
    "given,stored",
    [
        ("ADA", "ada"),
        ("ａｄａ", "ada"),  # noqa: RUF001 - full width
        ("e\u0301cole", "\u00e9cole"),
        ("straße", "strasse"),
        ("алиса", "алиса"),
        ("李明华", "李明华"),
        ("cust-00001", "cust-00001"),
        ("a" * 32, "a" * 32),
    ],
    ids=["case", "full-width", "composed", "sharp-s", "cyrillic", "han", "customer", "longest"],
)
def test_a_name_is_normalised(users: UsersAlone, given: str, stored: str) -> None:
    assert users.register(given).get_json()["name"] == stored


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a" * 33, "1ada", ".ada", "ada lovelace", "ada\n", "ada\x00", "ada@home", "\u0430da", "ad\u0430", "a\u0300\u0301\u0302bc",
     "ada\u200d", "\u202eada", "ada\u115f", "\u3164\u3164\u3164", "ada٣", "<script>", "a/../b", "ad\u00adam", "ﷺﷺﷺ"],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_name_is_refused(users: UsersAlone, name: str) -> None:
    answer = users.register(name)
    assert (answer.status_code, answer.get_json()["errors"][0]["location"]) == (422, "name")


@pytest.mark.parametrize(
    "first,second",
    [("paypal", "paypal"), ("paypal", "PayPal"), ("paypal", "paypa1"), ("modern", "rnodern"), ("root", "r00t"), ("сосо", "coco")],  # noqa: RUF001
    ids=["same", "case", "one-for-l", "rn-for-m", "zeros", "cyrillic"],
)  # fmt: skip
def test_a_name_that_looks_taken_is_taken(users: UsersAlone, first: str, second: str) -> None:
    users.register(first)
    answer = users.register(second)
    assert (answer.status_code, slug(answer)) == (409, "name-taken")


def test_of_many_at_once_one_gets_the_name(users: UsersAlone) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda number: users.register("coco" if number % 2 else "c0c0"), range(32)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 31


@pytest.mark.parametrize(
    "password", ["short", "password1234", "x" * 129, "ada-and-a-long-rest", f"{SERVICE_NAME}-and-a-rest"], ids=str
)
def test_a_weak_password_is_refused_with_its_own_type(users: UsersAlone, password: str) -> None:
    answer = users.register("ada", password)
    assert (answer.status_code, slug(answer), password in answer.text) == (422, "weak-password", False)
    assert answer.get_json()["errors"] == [{"location": "password", "message": answer.get_json()["detail"]}]


@pytest.mark.parametrize(
    "password", ["x" * 513, 12345678901234, None, ["a"], ""], ids=["long", "number", "null", "list", "empty"]
)
def test_what_is_no_password_is_refused(users: UsersAlone, password: object) -> None:
    assert users.post("/v1/users/register", name="ada", password=password).status_code == 422


def test_a_refused_password_leaves_the_name_free(users: UsersAlone) -> None:
    users.register("ada", "short")
    assert users.register("ada").status_code == 201


@pytest.mark.parametrize(
    "given,shown",
    [("  Ada Lovelace ", "Ada Lovelace"), ("Åsa", "Åsa"), ("👩‍🚀", "👩‍🚀"), ("x" * 64, "x" * 64)],
    ids=["spaces", "angstrom", "emoji", "longest"],
)
def test_a_display_name_is_normalised(users: UsersAlone, given: str, shown: str) -> None:
    assert users.register(display_name=given).get_json()["display_name"] == shown


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x00", "\u202eabc", "a\u2028b", 7], ids=ascii)
def test_what_cannot_be_shown_is_refused(users: UsersAlone, name: object) -> None:
    assert users.register(display_name=name).status_code == 422


def test_an_unasked_member_is_refused(users: UsersAlone) -> None:
    assert users.register(id="me", admin=True).status_code == 422


def test_the_stored_password_is_argon2id(users: UsersAlone) -> None:
    users.register()
    user = users.store.named("ada")
    assert user is not None
    assert user.password_hash.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert PASSWORD not in user.password_hash


def test_accounts_are_counted(users: UsersAlone) -> None:
    for name in ("ada", "ada", "bob"):
        users.register(name)
    assert users.harness.sample("users_registered_total") == 2
