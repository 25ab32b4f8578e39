"""Run one storm and report it; the exit code is 1 if an invariant is broken.

`python -m tests.system.storm [--seed N] [--requests N] [--adoption identical|owned] [--pull]`
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.system.storm.run import run_storm


def main() -> int:
    """Run the storm that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.storm")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="repeats a storm")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--adoption", choices=("identical", "owned"), default="identical")
    parser.add_argument("--pull", action="store_true", help="let the function take the messages itself")
    wanted = parser.parse_args()
    sys.stdout.write(f"Storm of seed {wanted.seed}, repeat it with --seed {wanted.seed}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        result = run_storm(wanted.seed, wanted.requests, Path(directory), wanted.adoption, is_pulled=wanted.pull)
    sys.stdout.write(f"{result}\n  {'seconds:':<34}{time.monotonic() - began:.1f}\n")
    return 1 if result.contradictions or result.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
