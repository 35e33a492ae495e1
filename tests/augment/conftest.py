"""Lets the tests here, and the processes they kill, import `augment_toy`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
