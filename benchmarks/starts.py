"""How fast a new instance is there: importing alone, and from the first invocation to its outcome."""

import subprocess
from collections.abc import Callable
from functools import partial

from benchmarks.candidates import Candidate, Candidates
from benchmarks.comparison import Comparison, Row, in_turns
from benchmarks.plan import Plan
from benchmarks.rig import Rig

OURS = "handler.entry, handler.invocation"  # all of it: the second one is imported at the first event
_IMPORT = """
import sys, time
sys.path.insert(0, sys.argv[1])
began = time.process_time()
import {modules}
print(time.process_time() - began)
"""


def import_times(everybody: Candidates, plan: Plan) -> list[Row]:
    """Measure the CPU time of the import statement in interpreters that have only the package."""

    def of(candidate: Candidate, modules: str = "handler.entry") -> Callable[[], float]:
        command = [everybody.python, "-B", "-I", "-S", "-c", _IMPORT.format(modules=modules), str(candidate.code)]
        return lambda: float(subprocess.run(command, capture_output=True, check=True).stdout) * 1000

    ours, plain, powertools, tea, client = in_turns(
        plan.import_rounds,
        of(everybody.ours, OURS),
        of(everybody.ours_plain, OURS),
        of(everybody.powertools),
        of(everybody.tea),
        of(everybody.tea, "alibabacloud_sgw20180511.client"),
    )
    return [
        Comparison("Import, CPU", "ms", ours, "without bytecode", plain),
        Comparison("Import, CPU", "ms", ours, "in Powertools' style", powertools, goal=0.8),
        Comparison("Import, CPU", "ms", ours, "with the Tea client", tea, goal=0.4),
        Comparison("Import, CPU", "ms", ours, "the Tea client and nothing else", client),
    ]


def cold_starts(everybody: Candidates, rig: Rig, plan: Plan) -> list[Row]:
    """Measure cold starts without a network."""
    candidates = (everybody.ours, everybody.ours_plain, everybody.tea, everybody.tea_plain, everybody.nothing)
    ours, plain, tea, tea_plain, nothing = in_turns(
        plan.cold_rounds, *(partial(rig.cold_start_ms, each) for each in candidates)
    )
    measure = "Cold start to first outcome"
    return [
        Comparison(measure, "ms", ours, "an empty function", nothing),
        Comparison(measure, "ms", ours, "without bytecode", plain),
        Comparison(measure, "ms", ours, "with the Tea client", tea),
        Comparison(f"{measure}, no bytecode", "ms", plain, "with the Tea client, no bytecode", tea_plain),
    ]
