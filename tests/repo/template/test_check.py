"""The template is without a fault that any check knows, and each of many single faults is caught by some check."""

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
from express_sync.ops.template_check.checker import MOST_BYTES, check, check_document
from express_sync.ops.template_check.properties import check_properties
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
LONGEST_PREFIX, LONGEST_REGION = "p" * 24, "cn-shanghai-finance-1"


def findings(text: str) -> list[str]:
    """What every check says of a template's text."""
    try:
        document = parse(text)
    except TemplateError as error:
        return [str(error)]
    found = [str(finding) for finding in check_document(document)]
    return [*found, *contradictions(document), *dropped(document), *excess_and_lack(document)]


def test_no_check_finds_anything_in_the_template() -> None:
    assert findings(TEXT) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_single_fault_is_caught_and_named(fault: Fault) -> None:
    found = findings(fault.in_text(TEXT))
    assert any(fault.finding in sentence for sentence in found), found


def test_there_are_many_faults_and_each_is_another() -> None:
    assert len({(fault.old, fault.new) for fault in FAULTS}) == len(FAULTS) >= 25


def test_a_finding_leads_to_the_place_in_a_sentence() -> None:
    [finding] = check(TEXT.replace("VisibilityTimeout: 900", "VisibilityTimeout: 90000", 1))
    assert str(finding) == (
        "Resources.RequestQueue.Properties.VisibilityTimeout is 90000, which is not within 1 to 43200."
    )


def test_a_text_that_is_no_template_is_one_finding() -> None:
    [finding] = check("Resources: [")
    assert str(finding).startswith("Template cannot be read: the template is not YAML")


@given(st.data())
@settings(max_examples=200)
def test_whatever_stands_where_the_check_has_sentences_for_it(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(paths(DOCUMENT))))
    check_document(with_value(DOCUMENT, path, data.draw(st.sampled_from(ODD))))


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to each value within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (key,)
        yield from ((key, *rest) for rest in paths(item))


def with_value(value: Any, path: tuple[Any, ...], new: object) -> Any:
    """A copy in which `new` stands where the path leads."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = with_value(copy[path[0]], path[1:], new)
    return copy


def test_a_template_that_is_too_large_is_refused() -> None:
    [finding] = check(TEXT + "#" * MOST_BYTES)
    assert f"ROS accepts {MOST_BYTES}" in finding.problem


@pytest.mark.parametrize("parameters", [{}, {"Intake": "pull"}, {"ContactGroup": "operators"}])
def test_with_the_longest_names_there_are_every_value_keeps_its_limits(parameters: Mapping[str, str]) -> None:
    """What functions give is known only once they are evaluated; the longest region and prefix are the hardest."""
    account = replace(LOCAL_ACCOUNT, region=LONGEST_REGION)
    stack = Stack(DOCUMENT, account, {"NamePrefix": LONGEST_PREFIX, "CodeBucket": "b", **parameters})
    scope = Scope({}, specification())
    for kind, of in specification().items():
        for name in stack.resources(kind):
            assert list(check_properties(stack.properties(name), of.rule, name, scope)) == []
    role = stack.properties("FunctionRole")
    assert len(role["RoleName"]) <= 64
    pattern = DOCUMENT["Parameters"]["NamePrefix"]["AllowedPattern"]
    assert re.fullmatch(pattern, LONGEST_PREFIX)
    assert not re.fullmatch(pattern, f"{LONGEST_PREFIX}p")


def test_a_resource_under_a_condition_may_be_used_under_the_same_one() -> None:
    conditional = """
ROSTemplateFormatVersion: '2015-09-01'
Parameters: {Wanted: {Type: Boolean, Default: true, Description: Whether it is wanted.}}
Conditions: {IsWanted: !Equals [!Ref Wanted, true], IsNot: !Not [IsWanted]}
Resources:
  Queue: {Type: 'ALIYUN::MNS::Queue', Condition: IsWanted, Properties: {QueueName: q}}
  Other: {Type: 'ALIYUN::MNS::Queue', Condition: IsNot, Properties: {QueueName: !If [IsWanted, !Ref Queue, o]}}
Outputs: {Name: {Description: Its name., Value: !If [%s, !GetAtt Queue.QueueName, none]}}
"""
    assert check(conditional % "IsWanted") == ()
    [finding] = check(conditional % "IsNot")
    assert str(finding) == "Outputs.Name.Value uses Queue, which exists only if IsWanted holds."


def test_the_specification_has_every_type_of_the_template_and_says_where_it_is_from() -> None:
    used = {resource["Type"] for resource in DOCUMENT["Resources"].values()}
    assert specification().keys() == used
