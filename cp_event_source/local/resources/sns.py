"""SNS topics, their policies and subscriptions."""

from typing import Final

from cp_event_source.local.resources.request import Created, Creator, Request, text

_TOPIC_ATTRIBUTES: Final = {
    "ArchivePolicy": "archivePolicy",
    "ContentBasedDeduplication": "contentBasedDeduplication",
    "DeliveryPolicy": "deliveryPolicy",
    "DisplayName": "displayName",
    "FifoThroughputScope": "fifoThroughputScope",
    "FifoTopic": "fifoTopic",
    "KmsMasterKeyId": "kmsMasterKeyId",
    "Policy": "policy",
    "SignatureVersion": "signatureVersion",
    "TracingConfig": "tracingConfig",
}

_SUBSCRIPTION_ATTRIBUTES: Final = {
    "DeliveryPolicy": "deliveryPolicy",
    "FilterPolicy": "filterPolicy",
    "FilterPolicyScope": "filterPolicyScope",
    "RawMessageDelivery": "rawMessageDelivery",
    "RedrivePolicy": "redrivePolicy",
    "ReplayPolicy": "replayPolicy",
    "SubscriptionRoleArn": "subscriptionRoleArn",
}


def _topic(request: Request) -> Created:
    given = request.inputs.given(**_TOPIC_ATTRIBUTES)
    name = request.physical_name(256)
    if given.get("FifoTopic") and not name.endswith(".fifo"):
        name += ".fifo"
    attributes = {attribute: text(value) for attribute, value in given.items()}
    arn = request.clients("sns").create_topic(Name=name, Attributes=attributes, Tags=request.tags())["TopicArn"]
    return Created(arn, {"name": name, "arn": arn, "owner": arn.split(":")[4]})


def _topic_policy(request: Request) -> Created:
    arn = request.inputs.need("arn")
    policy = request.inputs.need("policy")
    request.clients("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created(arn, {"owner": arn.split(":")[4]})


def _subscription(request: Request) -> Created:
    inputs = request.inputs
    given = inputs.given(**_SUBSCRIPTION_ATTRIBUTES)
    # The emulator at once confirms what the receiver need not confirm.
    inputs.no_effect("confirmationTimeoutInMinutes", "endpointAutoConfirms")
    arn = request.clients("sns").subscribe(
        TopicArn=inputs.need("topic"),
        Protocol=inputs.need("protocol"),
        Endpoint=inputs.need("endpoint"),
        Attributes={attribute: text(value) for attribute, value in given.items()},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return Created(arn, {"arn": arn})


CREATORS: Final[dict[str, Creator]] = {
    "aws:sns/topic:Topic": _topic,
    "aws:sns/topicPolicy:TopicPolicy": _topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": _subscription,
}
