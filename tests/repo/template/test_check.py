"""The checks of template.yml: it has no findings, and each of many single faults has one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.resolver import Stack
from express_sync.ops.template_check.checker import MAX_BYTES, check, check_document
from express_sync.ops.template_check.schema_check import check_with_functions
from express_sync.ops.template_check.scope import Scope
from express_sync.ops.template_check.specification import specification
from express_sync.paths import TEMPLATE
from tests.repo.template.consistency import contradictions
from tests.repo.template.faults import FAULTS, Fault
from tests.repo.template.permissions import excess_and_lack
from tests.repo.template.triggers import dropped

TEXT = TEMPLATE.read_text(encoding="utf-8")
DOCUMENT = parse(TEXT)
ODD: tuple[object, ...] = (
    *(None, 1, True, "x", [], {}, [1], {1: 2}, [[]]),
    *({"Ref": 3}, {"Ref": ["a"]}, {"Fn::Sub": [1]}, {"Fn::GetAtt": [[]]}, {"Fn::If": ["a", 1]}, {"Fn::Not": [[1]]}),
)
MAX_PREFIX, MAX_REGION = "p" * 24, "cn-shanghai-finance-1"


def findings(text: str) -> list[str]:
    """Return the findings of every check."""
    try:
        document = parse(text)
    except TemplateError as error:
        return [str(error)]
    found = [str(finding) for finding in check_document(document)]
    return [*found, *contradictions(document), *dropped(document), *excess_and_lack(document)]


def test_template_has_no_findings() -> None:
    assert findings(TEXT) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_single_fault_is_found_and_named(fault: Fault) -> None:
    found = findings(fault.in_text(TEXT))
    assert any(fault.finding in sentence for sentence in found), found


def test_faults_are_many_and_distinct() -> None:
    assert len({(fault.old, fault.new) for fault in FAULTS}) == len(FAULTS) >= 25


def test_finding_is_a_sentence_with_the_path() -> None:
    [finding] = check_document(parse(TEXT.replace("VisibilityTimeout: 900", "VisibilityTimeout: 90000", 1)))
    assert str(finding) == ("Resources.RequestQueue.Properties.VisibilityTimeout must be at most 43200.")


@given(st.data())
@settings(max_examples=200)
def test_check_never_raises_whatever_a_value_is(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(paths(DOCUMENT))))
    check_document(with_value(DOCUMENT, path, data.draw(st.sampled_from(ODD))))


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of keys to each nested value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (key,)
        yield from ((key, *rest) for rest in paths(item))


def with_value(value: Any, path: tuple[Any, ...], new: object) -> Any:
    """Return a copy with `new` at the path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = with_value(copy[path[0]], path[1:], new)
    return copy


def test_too_large_template_is_rejected() -> None:
    [finding] = check(TEXT + "#" * MAX_BYTES, DOCUMENT)
    assert f"ROS accepts {MAX_BYTES}" in finding.message


@pytest.mark.parametrize("parameters", [{}, {"Intake": "pull"}, {"ContactGroup": "operators"}])
def test_longest_names_keep_every_limit(parameters: Mapping[str, str]) -> None:
    """The values of functions are known only after evaluation; the longest region and prefix are the worst case."""
    account = replace(LOCAL_ACCOUNT, region=MAX_REGION)
    stack = Stack(DOCUMENT, account, {"NamePrefix": MAX_PREFIX, "CodeBucket": "b", **parameters})
    violations = check_with_functions(Scope({}, specification()))
    for kind, of in specification().items():
        for name in stack.resources(kind):
            assert list(violations(stack.properties(name), of.schema, name)) == []
    role = stack.properties("FunctionRole")
    assert len(role["RoleName"]) <= 64
    pattern = DOCUMENT["Parameters"]["NamePrefix"]["AllowedPattern"]
    assert re.fullmatch(pattern, MAX_PREFIX)
    assert not re.fullmatch(pattern, f"{MAX_PREFIX}p")


def test_conditional_resource_may_be_used_under_its_condition() -> None:
    conditional = """
ROSTemplateFormatVersion: '2015-09-01'
Parameters: {Wanted: {Type: Boolean, Default: true, Description: Whether it is wanted.}}
Conditions: {IsWanted: !Equals [!Ref Wanted, true], IsNot: !Not [IsWanted]}
Resources:
  Queue: {Type: 'ALIYUN::MNS::Queue', Condition: IsWanted, Properties: {QueueName: q}}
  Other: {Type: 'ALIYUN::MNS::Queue', Condition: IsNot, Properties: {QueueName: !If [IsWanted, !Ref Queue, o]}}
Outputs: {Name: {Description: Its name., Value: !If [%s, !GetAtt Queue.QueueName, none]}}
"""
    assert check_document(parse(conditional % "IsWanted")) == ()
    [finding] = check_document(parse(conditional % "IsNot"))
    assert str(finding) == "Outputs.Name.Value uses Queue, which exists only if IsWanted holds."


def test_specification_has_exactly_the_types_of_the_template() -> None:
    used = {resource["Type"] for resource in DOCUMENT["Resources"].values()}
    assert specification().keys() == used
