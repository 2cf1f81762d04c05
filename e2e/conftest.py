import sys
from pathlib import Path

# importlib mode puts no test folder on the path; the suites share disturbances.py and the like, and the fleet's bad input.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests" / "fleet")]
