"""Controls on the event bus and its rules."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="bus-policy",
        asks="The bus has a policy, which lets in this account and who is named",
        why="A bus is the way in; with an open policy anybody's events would be stored as this domain's.",
        property="`cloudwatch.EventBusPolicy` on the component's own bus: `events:PutEvents` for the account",
        status=Default(),
        standards=Standards(security_hub=("EventBridge.3",), cdk_nag=("AwsSolutions-EVB1",)),
    ),
    Control(
        key="bus-protected",
        asks="The component's own bus is not deleted by mistake",
        why="`PutEvents` to a bus that is gone reports success: nobody notices that its events are lost.",
        property="`cloudwatch.EventBus`: Pulumi's `protect`",
        status=Default(off_in_development=True),
    ),
    Control(
        key="rules-match-own-domain",
        asks="Rules match one type of event of one domain",
        why="A rule that matches all would store other domains' events, and feed the results of rebuilds back.",
        property="`cloudwatch.EventRule`: `event_pattern`",
        status=Default(),
    ),
    Control(
        key="target-dead-letters",
        asks="What a rule cannot deliver is kept",
        why=(
            "EventBridge drops it after a day at the latest; the queue must let the rule in, or it is dropped all the "
            "same."
        ),
        property="`cloudwatch.EventTarget`: `dead_letter_config` and `retry_policy`; `sqs.QueuePolicy` of both queues",
        status=Default(),
        standards=Standards(cdk_nag=("EventBusDLQ",)),
    ),
)
