"""Every command that listens to outcomes sees all of them, whatever else listens, and leaves nothing behind."""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mns.queue import QueueMeta

from express_sync.local.cloud import CloudOptions
from express_sync.ops.queues.admin import QueueAdmin
from express_sync.ops.queues.listener import Place
from handler.credentials import Credentials
from tests.ops.cli.replay_support import FAILED, smq
from tests.support.checkout import DOCS
from tests.support.cli import CloudShell, Ended, cloud_shell
from tests.support.patience import PATIENCE_SECONDS, wait_for

RUNBOOK = (DOCS / "operations.md").read_text(encoding="utf-8")
SOON = ("--timeout", "60")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudShell]:
    """Run one local cloud for all tests of this module; each uses requests of its own."""
    with cloud_shell(
        tmp_path_factory.mktemp("listeners"), CloudOptions(environment={"EXPRESS_SYNC_MAX_DEFERRALS": "6"})
    ) as running:
        yield running


def requests(prefix: str, count: int) -> str:
    names = [f"{prefix}-{number}" for number in range(count)]
    documents = [
        {"requestId": f"R-{name}", "name": name, "bucketName": name, "bucketRegion": "cn-hangzhou"} for name in names
    ]
    return "".join(json.dumps(document) + "\n" for document in documents)


def subjects(ended: Ended) -> set[str]:
    return {each["subject"] for each in ended.lines()}


def listeners(cloud: CloudShell) -> list[str]:
    return [name for name in cloud.queue_names() if "-listener-" in name]


def is_listening(cloud: CloudShell, count: int = 1) -> bool:
    """Return whether this many commands have polled their queues."""
    calls = cloud.local("GET", "mns", "calls")
    names = {call["target"] for call in calls if "-listener-" in call["target"] and "/messages" in call["target"]}
    return len(names) >= count


def publish(cloud: CloudShell, **changes: Any) -> dict[str, Any]:
    """Publish an outcome to the result topic; its id is filled up to a whole one."""
    event = {**FAILED, **changes}
    event["id"] = event["id"].rjust(32, "0")
    smq(cloud).publish(cloud.ready["mns"]["resultTopic"], json.dumps(event), event["data"]["status"])
    return event


def ended(process: "subprocess.Popen[str]") -> Ended:
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return Ended(process.returncode, out, err)


def test_two_submits_at_once_get_their_own_outcomes(shared: CloudShell) -> None:
    """Neither waits for what the other has received, and `watch` shows all of them afterwards."""
    shared.local("POST", "mns", "reset", {})
    results: dict[str, Ended] = {}

    def submit(prefix: str) -> None:
        results[prefix] = shared.run("submit", "--wait", "--json", *SOON, stdin=requests(prefix, 40))

    threads = [threading.Thread(target=submit, args=(prefix,)) for prefix in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[prefix].code for prefix in ("one", "two")] == [0, 0]
    assert subjects(results["one"]) == {f"R-one-{number}" for number in range(40)}
    assert subjects(results["two"]) == {f"R-two-{number}" for number in range(40)}
    watched = shared.run("watch", "--count", "80", "--json", *SOON)
    assert subjects(watched) >= subjects(results["one"]) | subjects(results["two"])
    assert listeners(shared) == []


def test_watches_at_once_each_show_every_outcome(silent: CloudShell) -> None:
    """They skip what was there before with --new."""
    publish(silent, id="a")
    watching = [silent.shell.start("watch", "--new", "--count", "2", "--json", *SOON) for _ in range(2)]
    wait_for(lambda: is_listening(silent, 2))
    expected = [publish(silent, id=name) for name in ("b", "c")]
    shown = [ended(process) for process in watching]
    assert [each.lines() for each in shown] == [expected, expected]
    assert listeners(silent) == []


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_removes_the_queue_of_a_listener(by: signal.Signals, silent: CloudShell) -> None:
    """The exit code is the one that shells expect."""
    with silent.shell.start("watch") as process:
        wait_for(lambda: is_listening(silent))
        process.send_signal(by)
        found = ended(process)
    assert (found.code, len(found.err.split("\n\n")[0].splitlines())) == (128 + by, 1)
    assert listeners(silent) == []


def test_queue_of_a_killed_listener_is_removed_by_the_next(silent: CloudShell) -> None:
    """A living one keeps its queue."""
    with (
        silent.shell.start("watch", "--new") as killed,
        silent.shell.start("watch", "--new", "--count", "1", "--json") as living,
    ):
        wait_for(lambda: is_listening(silent, 2))
        killed.kill()
        killed.wait(PATIENCE_SECONDS)
        assert len(listeners(silent)) == 2
        silent.run("watch", "--new", "--timeout", "0.1")
        assert len(listeners(silent)) == 1
        publish(silent, id="d")
        assert ended(living).code == 0
    assert listeners(silent) == []


def test_untouched_queue_of_another_machine_is_removed(silent: CloudShell) -> None:
    """It has no lock here, so its age by SMQ's clock decides."""
    ready = silent.ready
    admin = QueueAdmin.at(ready["mns"]["endpoint"], Credentials(ready["accessKeyId"], ready["accessKeySecret"]))
    for name in ("old", "fresh"):
        if name == "fresh":
            silent.advance_clock(1000)
        admin.create(f"{ready['mns']['resultTopic']}-listener-{name}", QueueMeta())
    silent.run("watch", "--new", "--timeout", "0.1")
    assert [name.rpartition("-")[2] for name in listeners(silent)] == ["fresh"]
    admin.delete_queue(listeners(silent)[0])


def test_without_the_right_to_create_a_queue_watch_shares(silent: CloudShell) -> None:
    """It says what sharing means, and which rights are missing."""
    publish(silent)
    silent.fault("mns", operation="CreateQueue", faults=["AccessDenied"])
    found = silent.run("watch", "--count", "1", "--json", *SOON)
    assert (found.code, len(found.lines())) == (0, 1)
    assert "express-sync-results, which is shared: each outcome goes to one of its readers only" in found.err
    assert "mns:CreateQueue" in found.err
    assert silent.messages("resultQueue") == 0


def calls_of(cloud: CloudShell) -> list[str]:
    return [call["operation"] for call in cloud.local("GET", "mns", "calls")]


def test_listener_needs_the_rights_that_the_runbook_names(silent: CloudShell) -> None:
    """It listens, takes an outcome and ends; its heartbeat would come after a minute."""
    with silent.shell.start("watch", "--new", "--count", "1") as watching:
        wait_for(lambda: is_listening(silent))
        publish(silent)
        assert ended(watching).code == 0
    rights = {name.replace("Batch", "") for name in calls_of(silent)} - {"PublishMessage"}
    sentence = RUNBOOK.partition("The key needs ")[2].partition(" on queues named")[0]
    assert rights <= set(re.findall(r"`mns:(\w+)`", sentence))
    assert f"queues named `{Place('PREFIX-outcomes', '', None).prefix}*`" in " ".join(RUNBOOK.split())


def test_submit_listens_before_it_sends(silent: CloudShell) -> None:
    """No outcome can be missed."""
    silent.run("submit", "--wait", "--timeout", "0.1", stdin=requests("first", 1))
    calls = calls_of(silent)
    assert calls.index("CreateQueue") < calls.index("Subscribe") < calls.index("BatchSendMessage")


def test_denied_subscription_leaves_no_queue(silent: CloudShell) -> None:
    """The queue was created already."""
    silent.fault("mns", operation="Subscribe", faults=["AccessDenied"])
    assert "shared" in silent.run("watch", "--timeout", "0.1").err
    assert listeners(silent) == []


def test_watch_filters_by_request_status_and_code(silent: CloudShell) -> None:
    """The count is that of the outcomes shown."""
    error = {**FAILED["data"]["error"], "code": "NoPermission"}
    publish(silent, id="1", subject="R-1")
    publish(silent, id="2", subject="R-2", data={**FAILED["data"], "error": error})
    publish(silent, id="3", subject="R-2")
    for options, expected in (
        (("--request", "R-1"), ["1"]),
        (("--code", "NoPermission"), ["2"]),
        (("--status", "failed", "--request", "R-2"), ["2", "3"]),
    ):
        found = silent.run("watch", *options, "--count", str(len(expected)), "--json", *SOON)
        assert sorted(each["id"].lstrip("0") for each in found.lines()) == expected


def test_deferral_shows_its_number_and_its_limit(shared: CloudShell) -> None:
    """The limit is a setting of the function; the time is that of the next attempt."""
    shared.fault("sgw", name="deferred-0", faults=["AssumeRoleFail"], count=5)
    shared.run("submit", stdin=requests("deferred", 1))
    found = shared.run("watch", "--status", "deferred", "--request", "R-deferred-0", "--count", "1", *SOON)
    assert found.code == 0
    row = found.out.splitlines()[1]
    assert " 1 of 6 at " in row
    assert row.endswith("Z, AssumeRoleFail")


def test_lost_connection_does_not_end_a_listener(silent: CloudShell) -> None:
    """Transient errors are retried until the command's own timeout."""
    silent.fault("mns", operation="BatchReceiveMessage", faults=["reset-before", "unavailable"])
    silent.fault("mns", operation="CreateQueue", faults=["reset-after"])
    publish(silent)
    assert silent.run("watch", "--count", "1", *SOON).code == 0


def test_lost_connection_does_not_end_a_submission(silent: CloudShell) -> None:
    """A command without a timeout retries for some seconds."""
    silent.fault("mns", operation="BatchSendMessage", faults=["reset-before"])
    found = silent.run("submit", stdin=requests("reset", 1))
    assert found.code == 0
    assert "1 request sent to express-sync-requests." in found.err


def test_interrupt_summarises_what_was_sent(silent: CloudShell) -> None:
    """The command also says how to see what follows."""
    with silent.shell.start("submit", "--wait") as process:
        assert process.stdin is not None
        process.stdin.write(requests("interrupted", 3))
        process.stdin.close()
        process.stdin = None
        wait_for(lambda: is_listening(silent))
        process.send_signal(signal.SIGINT)
        found = ended(process)
    assert found.code == 130
    assert "3 sent: 3 without an outcome yet. See the other outcomes with `express-sync watch`." in found.err


def test_timeout_without_wait_is_refused(silent: CloudShell, tmp_path: Path) -> None:
    """It would have no effect."""
    for command in (("submit", "--timeout", "5"), ("replay", "--timeout", "5")):
        assert "--timeout needs --wait" in silent.run(*command).only_a_sentence()
