import subprocess
import sys

from fleet.kit.server import EX_CONFIG

HEAVY = ("flask", "flask_openapi3", "requests", "prometheus_client", "sqlalchemy")


def test_main_process_imports_no_app() -> None:
    program = f"import sys, fleet.kit.server; sys.exit(' '.join(m for m in {HEAVY!r} if m in sys.modules) or None)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_start_that_cannot_be_is_one_sentence() -> None:
    program = "from fleet.kit.server import stop; from fleet.kit.errors import KitError; stop(KitError('It is so.'))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (EX_CONFIG, "It is so.\n")
