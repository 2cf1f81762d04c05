"""The hooks of the stub fleet: each says that it was called, and with what."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(action: str) -> None:
    document = json.load(sys.stdin)
    run_dir = Path(document["run_dir"])
    (run_dir / f"{action}.seen.json").write_text(json.dumps(document))
    if action == "populate":
        (run_dir / "identities.json").write_text("[]")
    json.dump({"called": action, "identities": str(run_dir / "identities.json")}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
