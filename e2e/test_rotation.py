"""Signing keys change while the fleet is under load: each new key is published before it signs, and no request fails."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from stack_runs import Bench

ROOT = Path(__file__).parents[1]
# A key signs for 6 s and is published 3 s before: within a smoke of 13 s at least three sign.
QUICK = {"SEATRIAL_ROTATE_SECONDS": "6", "SEATRIAL_PUBLISH_SECONDS": "3"}


@pytest.mark.parametrize("algorithm", ["EdDSA", pytest.param("RS256", marks=pytest.mark.slow)])
def test_no_request_fails_while_keys_change(algorithm: str, tmp_path: Path) -> None:
    chosen = {**QUICK, "SEATRIAL_SIGNING_ALGORITHM": algorithm}
    bench = Bench(tmp_path / "runs", ROOT / "seatrial.yml", chosen)
    child = bench.start("trial", "smoke")
    child.communicate(timeout=150)
    (run,) = bench.runs.glob("2*")
    verdict = json.loads((run / "verdict.json").read_text())
    assert {check["name"]: check["reason"] for check in verdict["checks"] if check["verdict"] == "FAIL"} == {}
    assert (verdict["requests"] > 500, verdict["failures"]) == (True, 0)
    assert signed(run, algorithm) >= 3


def signed(run: Path, algorithm: str) -> int:
    """How many keys of the algorithm have signed within the run."""
    finished = json.loads((run / "run.json").read_text())["finished"]
    question = "SELECT count(*) FROM signing_keys WHERE algorithm = ? AND signs_from < ?"
    store = sqlite3.connect(f"file:{run}/stores/users.db?mode=ro", uri=True)
    try:
        return int(store.execute(question, (algorithm, finished)).fetchone()[0])
    finally:
        store.close()
