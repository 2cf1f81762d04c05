import sys
from pathlib import Path

# importlib mode puts no test folder on the path; the suites share disturbances.py and the like.
sys.path.insert(0, str(Path(__file__).parent))
