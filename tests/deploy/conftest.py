import sys
from pathlib import Path

# importlib mode puts no test folder on the path; these tests share one reader of the stack in containers, and its checks.
sys.path.insert(0, str(Path(__file__).parent))
