"""Put the folder of the tests' own helpers on the path; no deadlines for single examples."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))
# The first call of a library can take longer than any deadline on a busy machine.
settings.register_profile("tfcli", deadline=None)
settings.load_profile("tfcli")
