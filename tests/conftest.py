"""What holds for all tests: networks and programs are checked between the passes of lowering."""

import os

os.environ.setdefault("SYMBP_CHECK", "1")
