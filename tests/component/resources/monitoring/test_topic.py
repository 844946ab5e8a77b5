"""The topic: encrypted, and open to this account's alarms only."""

import pulumi
import pytest

from cp_event_source.resources.monitoring.topic import create_alarm_topic

from ...deployment import ACCOUNT, Deployment, arn, physical, statements
from .program import TAGS, deployed

KEY = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")


@pytest.fixture(scope="module")
def topic() -> Deployment:
    return deployed(lambda scope, _: create_alarm_topic(scope, key_arn=pulumi.Output.from_input(KEY)))


def test_the_topic_is_encrypted_with_the_key_and_tagged(topic: Deployment) -> None:
    inputs = topic.only("Topic").inputs
    assert inputs == {"kmsMasterKeyId": KEY, "tags": TAGS}


def test_the_policy_is_the_topics_own(topic: Deployment) -> None:
    assert topic.only("TopicPolicy").inputs["arn"] == arn("sns", physical("files-alarms"))
    assert topic.only("TopicPolicy").parent == topic.only("Topic").parent


def test_only_alarms_of_this_account_and_region_are_published(topic: Deployment) -> None:
    allowed = statements(topic.only("TopicPolicy").inputs["policy"])
    assert allowed.keys() == {"OnlyTls", "OnlyOurAlarms"}
    assert allowed["OnlyOurAlarms"] == {
        "Sid": "OnlyOurAlarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": arn("sns", physical("files-alarms")),
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": arn("cloudwatch", "alarm:*")},
        },
    }


def test_nobody_does_anything_without_tls(topic: Deployment) -> None:
    denied = statements(topic.only("TopicPolicy").inputs["policy"])["OnlyTls"]
    assert (denied["Effect"], denied["Principal"]) == ("Deny", "*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["Resource"] == arn("sns", physical("files-alarms"))
    assert {"sns:Publish", "sns:Subscribe", "sns:SetTopicAttributes"} <= set(denied["Action"])
    # SNS refuses a topic's policy with one.
    assert not any("*" in action for action in denied["Action"])
