"""``python -m flumelint`` is the command ``flumelint``."""

import sys

from flumelint.cli import main

sys.exit(main())
