"""`python -m seatrial.schemas`: write every schema anew."""

from __future__ import annotations

from seatrial.run_folder import write_text
from seatrial.schemas import MODELS, schema_file, schema_text

for name in MODELS:
    write_text(schema_file(name), schema_text(name))
