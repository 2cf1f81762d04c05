import sys
from pathlib import Path

# importlib mode puts no test folder on the path; these tests share a reader of workflows, and `tests/docs` knows what can be typed.
FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "docs")]
