"""Inventory asks only for the keys of tokens, which is the kit's part."""

from __future__ import annotations

DEFAULT_ADDRESSES = {"users": ["127.0.0.1:8005"]}  # for a service started by hand
