"""The benchmark runner: `./dev bench`, or bench/run.py. docs/performance.md says what it measures and why so."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))     # its support/ starts servers and reads /proc
