"""Places in the checkout that is tested."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
EVENTS = ROOT / "events"
OUTCOMES = EVENTS / "outcomes"
REQUESTS = EVENTS / "requests"
DATA = ROOT / "tests" / "data"
