"""What a test does where something that it needs is not there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def go_without(remedy: str, variable: str) -> NoReturn:
    """Skip with what to do; fail where the variable is `required`, as CI sets it: nobody would see what goes untried."""
    if os.environ.get(variable) == "required":
        pytest.fail(remedy)
    pytest.skip(remedy)
