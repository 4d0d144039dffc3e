"""Shared by the benchmarks, which are run by path and use loadgen/ and tests/support/."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
