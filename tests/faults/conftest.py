"""What `make faults` alone runs."""

import os

# It takes 40 s, and tests/integration/test_overtaken_batches.py has a kill at a known moment.
collect_ignore = [] if "FAULT_KILLS" in os.environ else ["test_concurrent_batches.py"]
