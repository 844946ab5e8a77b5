"""The alarms of the catalogue as CloudWatch alarms."""

from typing import Any

import pulumi
import pulumi_aws as aws

from ..scope import Scope
from .catalogue import ALARMS, DEFAULT_THRESHOLDS
from .metrics import Metric
from .specification import Alarm, Evaluation, Expression
from .watched import Watched


def create_alarms(
    scope: Scope,
    watched: Watched,
    *,
    topic_arn: pulumi.Input[str],
    actions: pulumi.Input[list[str]],
    thresholds: pulumi.Input[dict[str, float]],
) -> list[aws.cloudwatch.MetricAlarm]:
    """All alarms, in the catalogue's order.

    Args:
        scope: the component's.
        watched: the component's resources.
        topic_arn: the topic that is notified when an alarm goes off and when it ends. A new alarm notifies it once,
            too: missing data count as right, which ends the state without data.
        actions: ARNs of further actions when an alarm goes off, not when it ends; at most four (CloudWatch's limit is
            five).
        thresholds: by the alarm's name; an alarm that they do not name has its default.
    """
    chosen = pulumi.Output.from_input(thresholds).apply(lambda given: {**DEFAULT_THRESHOLDS, **given})
    notified = pulumi.Output.all(topic_arn, actions).apply(lambda known: [known[0], *known[1]])
    return [
        _alarm(scope, watched, each, topic_arn=topic_arn, notified=notified, threshold=chosen[each.name])
        for each in ALARMS
    ]


def _alarm(
    scope: Scope,
    watched: Watched,
    alarm: Alarm,
    *,
    topic_arn: pulumi.Input[str],
    notified: pulumi.Input[list[str]],
    threshold: pulumi.Input[float],
) -> aws.cloudwatch.MetricAlarm:
    return aws.cloudwatch.MetricAlarm(
        scope.child(f"alarm-{alarm.name}"),
        region=scope.region,
        alarm_description=alarm.description(watched.domain_name),
        comparison_operator="GreaterThanThreshold",
        threshold=threshold,
        evaluation_periods=alarm.evaluation.periods,
        datapoints_to_alarm=alarm.evaluation.breaching,
        # Every metric here is silent where nothing happens. Where silence is the problem, `not-projected` or
        # `ingest-age` goes off.
        treat_missing_data="notBreaching",
        actions_enabled=True,
        alarm_actions=notified,
        ok_actions=[topic_arn],
        tags=scope.tags,
        opts=scope.options(),
        **_watched_number(alarm.watches(watched), alarm.evaluation),
    )


def _watched_number(number: Metric | Expression, evaluation: Evaluation) -> dict[str, Any]:
    if isinstance(number, Metric):
        return {
            "namespace": number.namespace,
            "metric_name": number.name,
            "dimensions": number.dimensions,
            "statistic": number.statistic,
            "period": evaluation.period_seconds,
        }
    return {
        "metric_queries": [
            *(_metric_query(name, metric, evaluation) for name, metric in number.metrics.items()),
            *(
                aws.cloudwatch.MetricAlarmMetricQueryArgs(id=name, expression=step, return_data=False)
                for name, step in number.steps.items()
            ),
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="watched", expression=number.result, label="watched", return_data=True
            ),
        ]
    }


def _metric_query(name: str, metric: Metric, evaluation: Evaluation) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=name,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            stat=metric.statistic,
            period=evaluation.period_seconds,
        ),
        return_data=False,
    )
