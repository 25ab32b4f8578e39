"""Single faults of the template: the change to its text, and the expected finding."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """The first `old` in the text of the template is replaced by `new`; some finding must contain `finding`."""

    name: str
    old: str
    new: str
    finding: str

    def in_text(self, text: str) -> str:
        """Return the text with the fault."""
        assert self.old in text, self.old
        return text.replace(self.old, self.new, 1)


RESULT_QUEUE = "  ResultQueue:\n    Type: ALIYUN::MNS::Queue\n"
SUBSCRIBED = "      FilterTag: failed\n"
LATER = "  AsyncFailures:\n    Type: ALIYUN::FC3::AsyncInvokeConfig\n"
# default, lowest and highest value of each limit that is a parameter
LIMITS = {
    "MaxAttempts": ("5", "1", "20"),
    "BackoffBaseSeconds": ("0.5", "0.01", "60"),
    "BackoffCapSeconds": ("8", "0.01", "120"),
    "LatePauseSeconds": ("10", "0", "120"),
    "MaxDeferrals": ("18", "0", "50"),
    "DeferBaseSeconds": ("60", "1", "86400"),
    "DeferCapSeconds": ("3600", "1", "302400"),
    "RequestRetentionSeconds": ("604800", "60", "604800"),
}
RULES = {"Default": "17", "MinValue": "2", "MaxValue": "55"}  # with a value that no limit above has
QUEUE_KEEPS = "MessageRetentionPeriod: !Ref RequestRetentionSeconds"
TOLD = "SYNC_REQUEST_RETENTION_SECONDS: !Sub '${RequestRetentionSeconds}'"
LATE_PAUSE = "        EXPRESS_SYNC_LATE_PAUSE_SECONDS: !Sub '${LatePauseSeconds}'\n"


def _other_limits() -> Iterator[Fault]:
    for name, values in LIMITS.items():
        lines = [f"    {rule}: {value}\n" for rule, value in zip(RULES, values, strict=True)]
        for index, (rule, other) in enumerate(RULES.items()):
            changed = [*lines[:index], f"    {rule}: {other}\n", *lines[index + 1 :]]
            start = f"  {name}:\n    Type: Number\n"
            finding = f"{name}.{rule} is {other}, and that of EXPRESS_SYNC_"
            yield Fault(f"{name} {rule}", start + "".join(lines), start + "".join(changed), finding)


FAULTS = (
    # the text
    Fault("no YAML", "Outputs:\n", "Outputs: [\n", "the template is not YAML"),
    Fault("key twice", SUBSCRIBED, SUBSCRIBED * 2, "FilterTag is duplicated"),
    Fault("format", "'2015-09-01'", "'2015-09-02'", "ROSTemplateFormatVersion must be one of 2015-09-01"),
    Fault("transform", "Metadata:", "Transform: x\nMetadata:", "Transform is unknown"),
    # properties
    Fault("unknown type", "MNS::Topic\n", "MNS::Topics\n", "Type is not a type of the specification"),
    Fault("unknown property", "VisibilityTimeout: 900", "VisibilityTimeOut: 900", "VisibilityTimeOut is unknown"),
    Fault("nested unknown", "MaxReceiveCount: 5", "MaxReceives: 5", "DlqPolicy.MaxReceives is unknown"),
    Fault("nested missing", "        MaxReceiveCount: 5\n", "", "DlqPolicy.MaxReceiveCount is missing"),
    Fault("missing", "      Handler: handler.entry.handle\n", "", "Function.Properties.Handler is missing"),
    Fault("type", "PollingWaitSeconds: 10", "PollingWaitSeconds: ten", "PollingWaitSeconds must be a number"),
    Fault("text for number", "Timeout: 120\n", "Timeout: '120'\n", "Timeout must be a number"),
    Fault("text for boolean", "Enabled: true", "Enabled: 'yes'", "Enabled must be a boolean"),
    Fault(
        "sub for number",
        "MemorySize: 256",
        "MemorySize: !Sub '256'",
        "that Fn::Sub returns, but must be a number",
    ),
    Fault("map for list", "Service: [fc.aliyuncs.com]", "Service: fc.aliyuncs.com", "Service must be a list"),
    Fault("range", "MessageRetentionPeriod: 604800", "MessageRetentionPeriod: 604801", "must be at most 604800"),
    Fault("retries", "MaxAsyncRetryAttempts: 3", "MaxAsyncRetryAttempts: 9", "must be at most 8"),
    Fault(
        "choice",
        "NotifyContentFormat: SIMPLIFIED",
        "NotifyContentFormat: PLAIN",
        "must be one of XML, JSON",
    ),
    Fault("length", SUBSCRIBED, "      FilterTag: failed-for-good-or-not\n", "must have at most 16 characters"),
    Fault("pattern", "LogstoreName: function", "LogstoreName: fun.ction", "LogstoreName must match"),
    Fault("threshold", "Threshold: '1'", "Threshold: 1", "Threshold must be a string"),
    Fault("statistics", "Statistics: Maximum", "Statistics: Sum", "must be one of Availability, Average, Maximum"),
    Fault("no contacts", "      ContactGroups: [!Ref ContactGroup]\n", "", "ContactGroups is missing"),
    Fault("role in a queue", "      QueueName:", "      Role: x\n      QueueName:", "Properties.Role is unknown"),
    Fault("number in environment", "!Sub '${MaxDeferrals}'", "!Ref MaxDeferrals", "MAX_DEFERRALS is not a string"),
    # references
    Fault("ref", "!Ref CodeBucket", "!Ref CodeBuckets", "refers to CodeBuckets, which is neither a parameter nor"),
    Fault("sub", "${NamePrefix}-requests'", "${Prefix}-requests'", "refers to Prefix, which is neither"),
    Fault("pseudo", "${ALIYUN::TenantId}.mns", "${ALIYUN::Tenant}.mns", "refers to ALIYUN::Tenant, which is neither"),
    Fault("attribute", "[FunctionRole, Arn]", "[FunctionRole, ARN]", "takes ARN of FunctionRole, which has no such"),
    Fault("sub attribute", "${LogProject.Name}", "${LogProject.Names}", "takes Names of LogProject, which has no such"),
    Fault("resource", "[RequestQueue, QueueUrl]", "[Requests, QueueUrl]", "QueueUrl of Requests, which is not"),
    Fault(
        "split at the last dot",
        "Fn::GetAtt: [RequestQueue, QueueUrl]",
        "!GetAtt RequestQueue.ARN.WithSlash",
        "takes WithSlash of RequestQueue.ARN, which is not a resource (the short form is split at its last dot)",
    ),
    Fault("function", "!Sub '${NamePrefix}-outcomes'", "!Base64 outcomes", "uses Fn::Base64, which is not one of"),
    Fault("depends", "DependsOn: [ResultTopic, FailureQueue]", "DependsOn: [ResultTopic, Failures]", "names Failures"),
    Fault("depends on a maybe", "[ResultTopic, FailureQueue]", "[ResultQueue]", "exists only if HasResultQueue holds"),
    Fault("circle", "  LogProject:\n", "  LogProject:\n    DependsOn: LogIndex\n", "LogProject depends on itself"),
    # conditions
    Fault("condition", "Condition: HasAlarms", "Condition: HasAlarm", "names the condition HasAlarm, which"),
    Fault("condition's ref", "[!Ref Intake, push]", "[!Ref Inlet, push]", "Conditions.IsPushed[0] refers to Inlet"),
    Fault("idle condition", "\nResources:", "  Idle: !Equals [a, b]\n\nResources:", "Conditions.Idle is used nowhere"),
    Fault(
        "unguarded", "    Condition: HasResultQueue\n    Value:", "    Value:", "uses ResultQueue, which exists only if"
    ),
    Fault(
        "other condition",
        f"{RESULT_QUEUE}    Condition: HasResultQueue",
        f"{RESULT_QUEUE}    Condition: HasAlarms",
        "DependsOn names ResultQueue, which exists only if HasAlarms holds",
    ),
    # parameters
    Fault("default", "Default: BACKOFF_RETRY", "Default: BACKOFF", "RetryStrategy.Default must be one of"),
    Fault("default's bound", "Default: 18\n", "Default: 60\n", "MaxDeferrals.Default must be at most 50"),
    Fault("default's pattern", "Default: express-sync", "Default: Express", "NamePrefix.Default must match"),
    Fault("parameter's range", "MaxValue: 3650", "MaxValue: 4000", "LogRetentionDays, which must be at most 3650"),
    Fault(
        "parameter's type",
        "Type: Number\n    Default: 30",
        "Type: String\n    Default: '30'",
        "Days, which must be a number",
    ),
    Fault("undescribed", "    Description: The least severe log lines that the function writes.\n", "", "is missing"),
    Fault("unused", "!Ref LogLevel", "INFO", "Parameters.LogLevel is used nowhere"),
    Fault("ungrouped", ", SweepDeadLetters]", "]", "displays SweepDeadLetters 0 times instead of once"),
    Fault("pattern of a parameter", "{1,23}$", "{1,23$(", "is not a regular expression"),
    # triggers
    Fault("trigger key", "batchWindow:", "batchWindows:", "the API does not know runOptions.batchWindows"),
    Fault("trigger spelling", "CountBasedWindow", "countBasedWindow", "batchWindow.countBasedWindow"),
    Fault("timer key", "cronExpression: '@every 5m'", "cron: '@every 5m'", "the API does not know cron"),
    Fault("trigger type", "TriggerType: timer", "TriggerType: times", "TriggerType is 'times'"),
    # what must agree
    Fault("too long a call", "Timeout: 120\n", "Timeout: 301\n", "the timeout is 301 seconds; a trigger waits 300"),
    Fault("too short a call", "Timeout: 120\n", "Timeout: 90\n", "creating takes up to 57.5 seconds, and the timeout"),
    Fault("hidden too briefly", "VisibilityTimeout: 900", "VisibilityTimeout: 500", "hides a message for 500 seconds"),
    Fault("batch", "CountBasedWindow: 16", "CountBasedWindow: 32", "more than the 16 processed at once"),
    Fault("window", "TimeBasedWindow: 1", "TimeBasedWindow: 20", "the batch window of 20 seconds is not within 0 to"),
    Fault("blocking", "errorsTolerance: ALL", "errorsTolerance: NONE", "the trigger stops at the first batch"),
    Fault(
        "no dead letters", "            Arn: !Sub", "            Arm: !Sub", "batches that the trigger abandons are not"
    ),
    Fault("elsewhere", "[DeadLetterQueue, QueueName]", "[FailureQueue, QueueName]", "received too often are not among"),
    Fault("no net", LATER, f"{LATER}    Condition: IsPulled\n", "calls that fail permanently are not among"),
    Fault(
        "ARN of the net", "-dead-letters/messages'\n\n  RequestT", "-dead-letters'\n\n  RequestT", "messages of a queue"
    ),
    Fault("order", '"drain":"deadLetters"', '"drain":"dead"', "does not accept the command of the timer sweep"),
    Fault("overlap", "@every 5m", "@every 1m", "the timer sweep is due again before its last invocation has ended"),
    Fault("both intakes", "    Condition: IsPushed\n", "", "requests reach the function in 2 ways instead of one"),
    Fault("size", "MaximumMessageSize: 65536", "MaximumMessageSize: 32768", "takes messages of 32768 bytes instead of"),
    Fault("tag", SUBSCRIBED, "      FilterTag: failure\n", "has the tag failure, which no event has"),
    Fault("wrapped", "NotifyContentFormat: SIMPLIFIED", "NotifyContentFormat: JSON", "wraps the events"),
    Fault("setting", "SYNC_ADOPTION: !Ref AdoptionPolicy", "SYNC_ADOPTION: any", "EXPRESS_SYNC_ADOPTION is wrong"),
    Fault(
        "setting's queue",
        "_RESULT_TOPIC: !Sub '${NamePrefix}-outcomes'",
        "_RESULT_TOPIC: !Sub '${NamePrefix}-o'",
        "the settings name express-sync-o,",
    ),
    # deferrals, and what the function is told of the template
    *_other_limits(),
    Fault(
        "queue keeps less", QUEUE_KEEPS, "MessageRetentionPeriod: 345600", "of 604800 seconds, and the queue has 345600"
    ),
    Fault(
        "queue keeps too little", QUEUE_KEEPS, "MessageRetentionPeriod: 7199", "more than half of the 7199 a message"
    ),
    Fault("retention written twice", TOLD, "SYNC_REQUEST_RETENTION_SECONDS: '604800'", "and the queue has 7200"),
    Fault("retention not told", f"        EXPRESS_{TOLD}\n", "", "of 604800 seconds, and the queue has 7200"),
    Fault("limit not told", LATE_PAUSE, "", "Parameters.LatePauseSeconds is used nowhere"),
    Fault("limit of another", "'${DeferCapSeconds}'", "'${DeferBaseSeconds}'", "Parameters.DeferCapSeconds is used"),
    Fault("outage outlasts them", "Default: 18\n", "Default: 16\n", "deferrals may end after 19890 seconds, before"),
    Fault(
        "policies", "[identical, never, owned]", "[identical, owned]", "AdoptionPolicy.AllowedValues is ['identical',"
    ),
    Fault(
        "policy unless given", "Default: identical", "Default: owned", "AdoptionPolicy.Default is owned, and that of"
    ),
    Fault(
        "levels", "[DEBUG, INFO, WARNING, ERROR]", "[DEBUG, INFO, ERROR]", "LogLevel.AllowedValues is ['DEBUG', 'INFO',"
    ),
    Fault("machine", "Cpu: 0.25", "Cpu: 0.5", "0.5 GB for each CPU are not within 1 to 4"),
    # permissions
    Fault("too much", "'mns:PublishMessage'", "'mns:*'", "the role may mns:* on acs:mns:"),
    Fault("too wide", "-outcomes/messages'", "-outcomes/*'", "/topics/express-sync-outcomes/*, which is not needed"),
    Fault(
        "too little", "                  - 'mns:DeleteMessage'\n", "", "the role may not mns:DeleteMessage on acs:mns:"
    ),
    Fault("no look", ", 'hcs-sgw:DescribeExpressSyncs'", "", "the role may not hcs-sgw:DescribeExpressSyncs on *"),
    Fault("no log", "log:PostLogStoreLogs", "log:PostLogs", "the role may not log:PostLogStoreLogs on acs:log:"),
)
