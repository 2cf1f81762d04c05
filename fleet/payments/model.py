"""What payments speak of: accounts, deposits, charges. Amounts are whole minor units of the shop's one currency.

A charge bears its order's id, chosen by the caller: so a refund can come before a charge that is still under way,
and the late charge finds itself void.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from fleet.kit.body import Input

MAX_AMOUNT = 1_000_000_000
CASH = "shop:cash"  # where deposits come from; its balance is minus all money that came in
SALES = "shop:sales"  # where charges go

Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT, strict=True)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
AccountId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]  # no colon: the shop's own accounts have one


class Kind(StrEnum):
    """Why money moved."""

    DEPOSIT = "deposit"
    CHARGE = "charge"
    REFUND = "refund"


class ChargeState(StrEnum):
    """A charge is charged, then perhaps refunded; void is one refunded before it came."""

    CHARGED = "charged"
    REFUNDED = "refunded"
    VOID = "void"


class Refusal(StrEnum):
    """Why a step could not be taken."""

    DECLINED = "payment-declined"
    OTHER_CHARGE = "other-charge"


class Account(BaseModel):
    """A customer's account; `id` is the token's subject."""

    id: str
    balance: int


class Deposit(BaseModel):
    """An acknowledged deposit, and the balance right after it."""

    id: str
    amount: int
    balance: int


class Charge(BaseModel):
    """A charge for an order."""

    id: str
    amount: int
    state: ChargeState


class NewDeposit(Input):
    """Money to put in."""

    amount: Amount


class NewCharge(Input):
    """`charge_id` is the order's id, `account_id` its customer's."""

    charge_id: Id
    account_id: AccountId
    amount: Amount


class NewRefund(Input):
    """Whose charge it is: one that has not come yet is barred for this account."""

    account_id: AccountId


class ChargePath(Input):
    """The charge in the path."""

    charge_id: Id
