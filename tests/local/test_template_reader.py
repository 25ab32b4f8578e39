"""The template reader gives what ROS gives, or one clear error."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from express_sync.local.account import LOCAL_ACCOUNT
from express_sync.local.template.async_config import AsyncPolicy
from express_sync.local.template.deployment import DeadLetters, Deployment, read_template
from express_sync.local.template.parser import TemplateError, parse
from express_sync.local.template.resolver import Stack
from express_sync.local.template.timers import Timer
from express_sync.paths import TEMPLATE

REGION, ACCOUNT = LOCAL_ACCOUNT.region, LOCAL_ACCOUNT.account_id

LANGUAGE = """
Parameters:
  Prefix: {Type: String, Default: pre}
  Size: {Type: Number, Default: 5}
  Count: {Type: Number, Default: 0, MinValue: 0}
  Share: {Type: Number, Default: 0.5, MinValue: 0.01, MaxValue: 60}
  Kind: {Type: String, Default: small, AllowedValues: [small, large]}
  Name: {Type: String, Default: abc, AllowedPattern: '[a-z]+'}
  Switch: {Type: Boolean, Default: true}
Conditions:
  IsOn: !Equals [!Ref Switch, true]
  IsLarge: !Equals [!Ref Kind, large]
  IsSmall: !Not [IsLarge]
  Both: !And [IsLarge, IsSmall]
  Either: !Or [{Condition: IsLarge}, IsSmall]
Resources:
  Queue:
    Type: ALIYUN::MNS::Queue
    Properties: {QueueName: !Sub '${Prefix}-queue'}
  Role:
    Type: ALIYUN::RAM::Role
    Properties: {RoleName: worker}
  Values:
    Type: Test::Values
    Properties:
      Value: %s
  Large:
    Type: Test::Large
    Condition: IsLarge
"""


def value_of(expression: str, parameters: Mapping[str, str] | None = None) -> Any:
    """Return the value of a property written as `expression`."""
    return Stack(parse(LANGUAGE % expression), LOCAL_ACCOUNT, parameters or {}).properties("Values").get("Value")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plain", "plain"),
        ("!Ref Prefix", "pre"),
        ("{Ref: Size}", 5),
        ("!Ref Queue", "pre-queue"),
        ("!Ref ALIYUN::Region", REGION),
        ("!Ref ALIYUN::TenantId", ACCOUNT),
        ("!Ref ALIYUN::StackName", "local"),
        ("!Ref ALIYUN::NoValue", None),
        ("[1, !Ref ALIYUN::NoValue, 2]", [1, 2]),
        ("{a: !Ref ALIYUN::NoValue, b: 1}", {"b": 1}),
        ("!Sub '${Prefix}/${ALIYUN::Region}/${Queue}/${!Literal}'", f"pre/{REGION}/pre-queue/${{Literal}}"),
        ("!Sub ['${Prefix}-${Own}', {Own: !Ref Size}]", "pre-5"),
        ("!Sub '${Queue.ARN.WithSlash}'", f"acs:mns:{REGION}:{ACCOUNT}:/queues/pre-queue"),
        ("!GetAtt Queue.QueueName", "pre-queue"),
        ("{'Fn::GetAtt': [Queue, ARN.WithSlash]}", f"acs:mns:{REGION}:{ACCOUNT}:/queues/pre-queue"),
        ("!GetAtt Role.Arn", f"acs:ram::{ACCOUNT}:role/worker"),
        ("!Join ['-', [a, !Ref Prefix, !Ref Size]]", "a-pre-5"),
        ("!Sub '${Share}'", "0.5"),
        ("!If [IsLarge, yes, !Ref Prefix]", "pre"),
        ("!If [Either, {a: !Ref Size}, {}]", {"a": 5}),
        ("!If [Both, 1, 2]", 2),
    ],
)
def test_function_gives_what_ros_gives(expression: str, value: object) -> None:
    assert value_of(expression) == value


def test_override_replaces_a_default_everywhere() -> None:
    assert value_of("!Sub '${Queue}:${Prefix}'", {"Prefix": "other"}) == "other-queue:other"
    assert value_of("!If [IsLarge, 1, 2]", {"Kind": "large"}) == 1


@pytest.mark.parametrize(("given", "is_on"), [({}, 1), ({"Switch": "true"}, 1), ({"Switch": "false"}, 0)])
def test_boolean_parameter_may_be_a_string(given: Mapping[str, str], is_on: int) -> None:
    assert value_of("!If [IsOn, 1, 0]", given) == is_on


@pytest.mark.parametrize(
    ("expression", "parameters", "message"),
    [
        ("!Ref Unknown", {}, "Values.Value: parameter or resource Unknown is not defined"),
        ("[{deep: !Ref Unknown}]", {}, r"Values.Value\[0\].deep: parameter or resource Unknown is not defined"),
        ("!GetAtt Queue.Colour", {}, "Values.Value: Queue has no attribute Colour"),
        ("!GetAtt Queue.ARN.WithSlash", {}, "Values.Value: parameter or resource Queue.ARN is not defined"),
        ("!Ref Large", {}, "Values.Value: Large is of type Test::Large"),
        ("!Base64 x", {}, "Values.Value: Fn::Base64 is not known"),
        ("!Join x", {}, "Values.Value: Fn::Join cannot take 'x'"),
        ("!If [IsHuge, 1, 2]", {}, "Values.Value: condition IsHuge is not defined"),
        ("x", {"Colour": "red"}, "parameter Colour is not declared"),
        ("x", {"Kind": "medium"}, "parameter Kind: 'medium' is not one of"),
        ("x", {"Name": "ABC"}, "parameter Name: 'ABC' does not match"),
        ("x", {"Switch": "on"}, "parameter Switch: 'on' is neither true nor false"),
        *(
            ("x", {"Size": text}, "parameter Size: .* is not a number")
            for text in ("", "five", "nan", "5_0", "\u0665", "5\n")
        ),
        ("x", {"Count": "-1"}, "parameter Count: -1 is not within 0 to inf"),
        *(("x", {"Share": text}, "is not within 0.01 to 60") for text in ("0.009", "60.1", "-1")),
    ],
)
def test_unresolvable_value_names_resource_and_property(
    expression: str, parameters: Mapping[str, str], message: str
) -> None:
    with pytest.raises(TemplateError, match=message):
        value_of(expression, parameters)


def test_circular_names_and_conditions_are_an_error() -> None:
    circle = """
Conditions: {Odd: !Not [Even], Even: !Not [Odd]}
Resources:
  A: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: !Ref B}}
  B: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: !Ref A}}
"""
    stack = Stack(parse(circle), LOCAL_ACCOUNT, {})
    with pytest.raises(TemplateError, match=r"depends on itself: B\.QueueName -> A\.QueueName -> B\.QueueName"):
        stack.properties("A")
    with pytest.raises(TemplateError, match=r"Conditions\.Odd depends on itself"):
        stack.condition("Odd", "here")


def test_resource_with_a_false_condition_is_not_deployed() -> None:
    assert Stack(parse(LANGUAGE % "x"), LOCAL_ACCOUNT, {}).resources("Test::Large") == []
    assert Stack(parse(LANGUAGE % "x"), LOCAL_ACCOUNT, {"Kind": "large"}).resources("Test::Large") == ["Large"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "a: [", "Resources: 3", "!!python/object:os.system {}", "Resources: {A: 1, A: 2}", "\0"),
        *("Resources: {? [1] : {Type: X}}", "a: 2026-13-45\nResources: {}", "[" * 5000),
        pytest.param("9" * 5000, id="digits"),
    ],
)
def test_invalid_template_is_a_template_error(text: str) -> None:
    with pytest.raises(TemplateError):
        parse(text)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("Resources: {A: 1}", "Resources.A is not a map"),
        ("Resources: {A: {}}", "Resources.A.Type is missing"),
        ("Resources: {A: {Type: 1}}", "Resources.A.Type is not a string"),
        ("Resources: {A: {Type: X, Properties: [1]}}", "Resources.A.Properties is not a map"),
        ("Resources: {A: {Type: X, Condition: [1]}}", "Resources.A.Condition is not a string"),
        ("Resources: {}\nParameters: [P]", "Parameters is not a map"),
        ("Resources: {}\nParameters: {P: 1}", "Parameters.P is not a map"),
        ("Resources: {}\nParameters: {P: {AllowedValues: 1}}", "Parameters.P.AllowedValues is not a list"),
        ("Resources: {}\nParameters: {P: {MinValue: low}}", "Parameters.P.MinValue is not a number"),
        ("Resources: {}\nConditions: [C]", "Conditions is not a map"),
        ("Resources: {}\nOutputs: {O: 1}", "Outputs.O is not a map"),
        ("Resources: {}\nOutputs: {O: {}}", "Outputs.O.Value is missing"),
    ],
)
def test_structure_of_a_template_is_checked(section: str, message: str) -> None:
    with pytest.raises(TemplateError, match=f"^{re.escape(message)}$"):
        parse(section)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_plain_values_are_unchanged(value: object) -> None:
    assert Stack({"Resources": {}}, LOCAL_ACCOUNT, {}).resolve(value, "here") == value


@given(st.text())
def test_sub_does_not_change_text_without_placeholders(text: str) -> None:
    escaped = text.replace("${", "${!")
    assert Stack({"Resources": {}}, LOCAL_ACCOUNT, {}).resolve({"Fn::Sub": escaped}, "here") in {text, escaped}


@pytest.mark.parametrize("text", ["0.01", "60", "1.25"])
def test_number_parameter_is_accepted_within_its_limits(text: str) -> None:
    assert value_of("!Sub '${Share}'", {"Share": text}) == text


@pytest.mark.parametrize("text", ["-1", "0", "123456789.5"])
def test_number_parameter_without_limits_is_any_number(text: str) -> None:
    assert value_of("!Sub '${Size}'", {"Size": text}) == text


def read(tmp_path: Path, text: str) -> Deployment:
    (tmp_path / "template.yml").write_text(text, encoding="utf-8")
    return read_template(tmp_path / "template.yml", LOCAL_ACCOUNT, {})


def test_deployed_template_has_all_that_is_run_locally() -> None:
    deployment = read_template(TEMPLATE, LOCAL_ACCOUNT, {"NamePrefix": "mine"})
    requests = next(queue for queue in deployment.queues if queue.name == "mine-requests")
    assert (requests.visibility_timeout, requests.dead_letters) == (900, DeadLetters("mine-dead-letters", 5))
    assert {queue.name for queue in deployment.queues} == {
        "mine-requests",
        "mine-dead-letters",
        "mine-failures",
        "mine-results",
        "mine-portal",
    }
    assert [topic.name for topic in deployment.topics] == ["mine-outcomes"]
    assert {(each.queue, each.filter_tag) for each in deployment.subscriptions} == {
        ("mine-results", ""),
        ("mine-portal", ""),
        ("mine-failures", "failed"),
        ("mine-failures", "indeterminate"),
    }
    function = deployment.function
    assert (function.name, function.handler, function.runtime) == (
        "mine-provision",
        "handler.entry.handle",
        "python3.10",
    )
    assert (function.timeout, function.memory) == (120, 256)
    assert function.environment["EXPRESS_SYNC_RESULT_TOPIC"] == "mine-outcomes"
    assert function.role == f"acs:ram::{ACCOUNT}:role/mine-function-{REGION}"
    [trigger] = deployment.triggers
    assert (trigger.queue, trigger.dead_letter_queue) == ("mine-requests", "mine-dead-letters")
    assert (trigger.mode, trigger.errors_tolerance) == ("event-streaming", "ALL")
    assert (trigger.batch_count, trigger.batch_seconds, trigger.base64_decode) == (16, 1, False)
    sweep = Timer("sweep", "mine-provision", 300, '{"control":{"drain":"deadLetters"}}', enabled=True)
    assert deployment.timers == (sweep,)
    assert deployment.async_policy == AsyncPolicy(retries=3, failure_queue="mine-dead-letters")


def test_deployed_template_has_choices_of_intake_and_results() -> None:
    queues = {"CreateResultQueue": "false", "CreatePortalQueue": "false"}
    choices = {"Intake": "pull", **queues, "MaxDeferrals": "0", "Runtime": "python3.12"}
    deployment = read_template(TEMPLATE, LOCAL_ACCOUNT, choices)
    assert deployment.triggers == ()
    drain = Timer("pull", "express-sync-provision", 60, '{"control":{"drain":"requests"}}', enabled=True)
    assert [timer for timer in deployment.timers if timer.name != "sweep"] == [drain]
    names = {"express-sync-requests", "express-sync-dead-letters", "express-sync-failures"}
    assert {queue.name for queue in deployment.queues} == names
    assert {each.filter_tag for each in deployment.subscriptions} == {"failed", "indeterminate"}
    assert deployment.function.environment["EXPRESS_SYNC_MAX_DEFERRALS"] == "0"
    assert deployment.function.runtime == "python3.12"


TUNING = {
    "MaxAttempts": "7",
    "BackoffBaseSeconds": "0.25",
    "BackoffCapSeconds": "4",
    "LatePauseSeconds": "3",
    "MaxDeferrals": "9",
    "DeferBaseSeconds": "30",
    "DeferCapSeconds": "600",
    "RequestRetentionSeconds": "86400",
}


def test_deployed_template_passes_limits_to_the_function() -> None:
    deployment = read_template(TEMPLATE, LOCAL_ACCOUNT, TUNING)
    variables = {name: "EXPRESS_SYNC" + re.sub("[A-Z]", r"_\g<0>", name).upper() for name in TUNING}
    assert {name: deployment.function.environment[variables[name]] for name in TUNING} == TUNING
    requests = next(queue for queue in deployment.queues if queue.name == "express-sync-requests")
    assert requests.message_retention_period == 86400


@pytest.mark.parametrize("strategy", ["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"])
def test_deployed_retry_strategy_can_be_chosen(strategy: str) -> None:
    [trigger] = read_template(TEMPLATE, LOCAL_ACCOUNT, {"RetryStrategy": strategy}).triggers
    assert trigger.retry_strategy == strategy
    [default] = read_template(TEMPLATE, LOCAL_ACCOUNT, {}).triggers
    assert default.retry_strategy == "BACKOFF_RETRY"


FUNCTION = """
Resources:
  Function:
    Type: ALIYUN::FC3::Function
    Properties: {FunctionName: f, Handler: index.handle, Runtime: python3.12%s}
"""


def test_absent_property_has_the_default_of_the_cloud(tmp_path: Path) -> None:
    more = """
  Queue: {Type: 'ALIYUN::MNS::Queue', Properties: {QueueName: q}}
  Bucket: {Type: 'ALIYUN::OSS::Bucket', Properties: {BucketName: !Ref Nowhere}}
"""
    deployment = read(tmp_path, FUNCTION % "" + more)
    assert (deployment.function.timeout, deployment.function.memory) == (3, 128)
    [queue] = deployment.queues
    assert (queue.visibility_timeout, queue.message_retention_period, queue.maximum_message_size) == (30, 345600, 65536)
    assert queue.dead_letters is None


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (", Timeout: soon", "Function.Timeout is not a whole number"),
        (", EnvironmentVariables: [A]", "Function.EnvironmentVariables is not a map"),
        (", InstanceLifecycleConfig: {}", "Function.InstanceLifecycleConfig is not reproduced"),
        (", Role: 3", "Function.Role is not a string"),
    ],
)
def test_property_that_cannot_be_run_is_named(tmp_path: Path, properties: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read(tmp_path, FUNCTION % properties)


def test_template_that_is_not_text_is_a_template_error(tmp_path: Path) -> None:
    path = tmp_path / "template.yml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match="not UTF-8"):
        read_template(path, LOCAL_ACCOUNT, {})


@pytest.mark.parametrize("template", ["Resources: {}", (FUNCTION % "").replace("python3.12", "python3.11")])
def test_template_must_have_one_function_of_a_known_runtime(tmp_path: Path, template: str) -> None:
    with pytest.raises(TemplateError, match=r"exactly one|Function.Runtime is 'python3.11'"):
        read(tmp_path, template)


TRIGGER = """
  Trigger:
    Type: ALIYUN::FC3::Trigger
    Properties:
      FunctionName: f
      TriggerName: t
      TriggerType: eventbridge
      TriggerConfig:
        eventSourceConfig:
          eventSourceType: MNS
          eventSourceParameters: {sourceMNSParameters: {QueueName: q}}
        runOptions: {mode: event-driven}
"""


def test_trigger_blocks_and_decodes_by_default(tmp_path: Path) -> None:
    [trigger] = read(tmp_path, FUNCTION % "" + TRIGGER).triggers
    assert (trigger.errors_tolerance, trigger.base64_decode, trigger.schema) == ("NONE", True, "CloudEvents")
    assert trigger.dead_letter_queue == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("eventbridge", "oss"), "Trigger.TriggerType is 'oss'"),
        (("Type: MNS", "Type: Kafka"), "Trigger.TriggerConfig.eventSourceConfig.eventSourceType is 'Kafka'"),
        (("{QueueName: q}", "{}"), "sourceMNSParameters.QueueName is missing"),
        (("event-driven", "event-dreaming"), "Trigger.TriggerConfig.runOptions.mode is 'event-dreaming'"),
    ],
)
def test_trigger_that_cannot_be_run_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read(tmp_path, FUNCTION % "" + TRIGGER.replace(*change))


TIMER = """
  Trigger:
    Type: ALIYUN::FC3::Trigger
    Properties:
      FunctionName: f
      TriggerName: t
      TriggerType: timer
      TriggerConfig: {enable: true, cronExpression: '@every 5m'}
"""


@pytest.mark.parametrize(("expression", "seconds"), [("@every 90s", 90), ("@every 5m", 300), ("@every 1h", 3600)])
def test_timer_has_an_interval(tmp_path: Path, expression: str, seconds: int) -> None:
    [timer] = read(tmp_path, FUNCTION % "" + TIMER.replace("@every 5m", expression)).timers
    assert timer == Timer("t", "f", seconds, payload="", enabled=True)


@pytest.mark.parametrize(
    ("spelled", "enabled"), [("true", True), ("false", False), ("'true'", True), ("'false'", False)]
)
def test_timer_can_be_disabled(tmp_path: Path, spelled: str, enabled: bool) -> None:
    [timer] = read(tmp_path, FUNCTION % "" + TIMER.replace("enable: true", f"enable: {spelled}")).timers
    assert timer.enabled is enabled


def test_deployed_sweep_can_be_disabled() -> None:
    """For operators who inspect dead letters before they are processed."""
    [timer] = read_template(TEMPLATE, LOCAL_ACCOUNT, {"SweepDeadLetters": "false"}).timers
    assert not timer.enabled


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("@every 5m", "0 0 4 * * *"), "Trigger.TriggerConfig.cronExpression is run locally only as @every"),
        (("@every 5m", "CRON_TZ=Asia/Shanghai 0 0 4 * * *"), "cronExpression is run locally only as @every"),
        (("@every 5m", "@every 0m"), "cronExpression is run locally only as @every"),
        (("@every 5m", "@every 5d"), "cronExpression is run locally only as @every"),
        (("@every 5m", "@every 1h30m"), "cronExpression is run locally only as @every"),
        ((", cronExpression: '@every 5m'", ""), "Trigger.TriggerConfig.cronExpression is missing"),
        (("enable: true, ", ""), "Trigger.TriggerConfig.enable is missing"),
        (("enable: true", "enable: perhaps"), "Trigger.TriggerConfig.enable is 'perhaps'"),
        (("enable: true", "payload: {}, enable: true"), "Trigger.TriggerConfig.payload is not a string"),
    ],
)
def test_timer_that_cannot_be_run_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read(tmp_path, FUNCTION % "" + TIMER.replace(*change))


ASYNC = """
  Async:
    Type: ALIYUN::FC3::AsyncInvokeConfig
    Properties:
      FunctionName: f
      MaxAsyncRetryAttempts: 1
      DestinationConfig: {OnFailure: {Destination: 'acs:mns:r:a:/queues/dead/messages'}}
"""


def test_async_retries_and_destination_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, FUNCTION % "" + ASYNC).async_policy == AsyncPolicy(1, "dead")
    assert read(tmp_path, FUNCTION % "").async_policy == AsyncPolicy(3, "")
    bare = ASYNC.partition("      MaxAsync")[0]
    assert read(tmp_path, FUNCTION % "" + bare).async_policy == AsyncPolicy(3, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("/messages", ""), "OnFailure.Destination is run locally only as the messages of a queue"),
        (("OnFailure", "OnSuccess"), "Async.DestinationConfig.OnSuccess is not reproduced"),
        (("FunctionName: f", "AsyncTask: true"), "Async.AsyncTask is not reproduced"),
    ],
)
def test_destination_that_cannot_be_run_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read(tmp_path, FUNCTION % "" + ASYNC.replace(*change))
