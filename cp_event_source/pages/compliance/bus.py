"""Controls on the event bus and its rules."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="bus-policy",
        asks="The bus has a policy that lets in this account and the named publishers",
        why="With an open policy, anybody's events would be stored as this domain's events.",
        property="`cloudwatch.EventBusPolicy` on the component's own bus: `events:PutEvents` for the account",
        status=Default(),
        standards=Standards(security_hub=("EventBridge.3",), cdk_nag=("AwsSolutions-EVB1",)),
    ),
    Control(
        key="bus-protected",
        asks="The component's own bus is not deleted by mistake",
        why="`PutEvents` to a deleted bus reports success, so nobody notices that the events are lost.",
        property="`cloudwatch.EventBus`: Pulumi's `protect`",
        status=Default(off_in_development=True),
    ),
    Control(
        key="rules-match-own-domain",
        asks="Rules match one type of event of one domain",
        why="A rule that matches everything would store other domains' events and feed results of rebuilds back.",
        property="`cloudwatch.EventRule`: `event_pattern`",
        status=Default(),
    ),
    Control(
        key="target-dead-letters",
        asks="Events that a rule cannot deliver are kept",
        why=(
            "EventBridge drops an undelivered event after at most a day. The dead-letter queue's policy must let the "
            "rule in, or the event is dropped too."
        ),
        property="`cloudwatch.EventTarget`: `dead_letter_config` and `retry_policy`; `sqs.QueuePolicy` of both queues",
        status=Default(),
        standards=Standards(cdk_nag=("EventBusDLQ",)),
    ),
)
