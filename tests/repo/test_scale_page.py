"""docs/scale.md: its table is what is computed today, from what template.yml declares."""

import re

from benchmarks.costs import BACKOFF, BATCH, HEADS, LOADS, MEMORY_GB, VCPU, WINDOW_S, Cost
from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.deployment import read_template
from express_sync.local.template.parser import parse
from express_sync.paths import TEMPLATE
from handler.config import PREFIX
from tests.support.checkout import DOCS

PAGE = DOCS / "scale.md"


def test_table_of_costs_is_computed_today() -> None:
    """`python -m benchmarks.scale` prints it."""
    table = PAGE.read_text(encoding="utf-8").partition("$ python -m benchmarks.scale\n")[2].partition("```")[0]
    cells = [tuple(re.split(r" {2,}", line)) for line in table.splitlines()]
    assert cells == [HEADS, *(Cost(load).row() for load in LOADS)]


def test_costs_are_those_of_the_template() -> None:
    deployment = read_template(TEMPLATE, LOCAL_ACCOUNT, {})
    (trigger,) = deployment.triggers
    properties = parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]["Function"]["Properties"]
    assert (trigger.batch_count, trigger.batch_seconds) == (BATCH, WINDOW_S)
    assert (deployment.function.memory / 1024, properties["Cpu"]) == (MEMORY_GB, VCPU)
    names = ("MAX_ATTEMPTS", "BACKOFF_BASE_SECONDS", "BACKOFF_CAP_SECONDS")
    declared = [float(deployment.function.environment[PREFIX + name]) for name in names]
    assert [BACKOFF.attempts, BACKOFF.base_seconds, BACKOFF.cap_seconds] == declared
