import socket
import subprocess
import sys

import pytest

from fleet.kit.errors import SettingsError
from fleet.kit.server import EX_CONFIG, refuse_taken

HEAVY = ("flask", "flask_openapi3", "requests", "prometheus_client", "sqlalchemy")


def test_main_process_imports_no_app() -> None:
    program = f"import sys, fleet.kit.server; sys.exit(' '.join(m for m in {HEAVY!r} if m in sys.modules) or None)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_start_that_cannot_be_is_one_sentence() -> None:
    program = "from fleet.kit.server import stop; from fleet.kit.errors import KitError; stop(KitError('It is so.'))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (EX_CONFIG, "It is so.\n")


def test_taken_port_is_refused_even_when_it_could_be_shared() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"SEATRIAL_PORT.*{port}"):
            refuse_taken("127.0.0.1", port)
    refuse_taken("127.0.0.1", port)
