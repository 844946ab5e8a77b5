"""Checks that what is not done is not, so that the page says what is true."""

from collections.abc import Mapping

from ...deployment import Deployment, arn, physical
from ...removals import Removal, dropped, put
from .check import Check, all_of, arn_of, each_has, some_of
from .options import GIVEN_KEY


def functions_have_none_and_persist_needs_none(deployment: Deployment) -> None:
    each_has("Function", {}, "deadLetterConfig")(deployment)
    assert physical("files-persist") not in {each.inputs["function"] for each in all_of(deployment, "Permission")}


def side_queues_have_no_dead_letter_queue(deployment: Deployment) -> None:
    read = {each.inputs["eventSourceArn"] for each in some_of(deployment, "EventSourceMapping")}
    ends = [each for each in some_of(deployment, "Queue") if arn_of(each) not in read]
    assert len(ends) == 3, "a queue is read, and can fail again and again"
    assert [each.name for each in ends if "redrivePolicy" in each.inputs] == []


def roles_have_inline_policies(deployment: Deployment) -> None:
    roles = sorted(physical(each.name) for each in some_of(deployment, "Role"))
    assert sorted(each.inputs["role"] for each in some_of(deployment, "RolePolicy")) == roles


CHECKS: Mapping[str, Check] = {
    "function-dead-letters": Check(
        functions_have_none_and_persist_needs_none,
        (
            Removal("with one", "Function", put(arn("sqs", "dead"), "deadLetterConfig", "targetArn")),
            Removal("persist too", "Permission", put(physical("files-persist"), "function")),
        ),
    ),
    "inline-policies": Check(roles_have_inline_policies, (Removal("none", "RolePolicy", dropped),)),
    "side-queues-dead-letters": Check(
        side_queues_have_no_dead_letter_queue,
        (
            Removal("with one", "Queue", put("{}", "redrivePolicy"), "files-parked"),
            Removal("read", "EventSourceMapping", put(arn("sqs", physical("files-parked")), "eventSourceArn")),
        ),
    ),
    "filters-encrypted": Check(
        each_has("EventSourceMapping", {}, "kmsKeyArn"),
        (Removal("with the key", "EventSourceMapping", put(GIVEN_KEY, "kmsKeyArn")),),
    ),
    "bus-key": Check(
        each_has("EventBus", {}, "kmsKeyIdentifier"),
        (Removal("with the key", "EventBus", put(GIVEN_KEY, "kmsKeyIdentifier")),),
    ),
}
