import sys
from pathlib import Path

# importlib mode puts no test folder on the path; the suites share disturbances.py and the like, the fleet's bad input, and
# the reader of the documentation.
TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(Path(__file__).parent), str(TESTS / "fleet"), str(TESTS / "docs")]
