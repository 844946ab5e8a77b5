"""CloudWatch alarms and dashboards. Log groups have a module of their own."""

from typing import Any, Final

from cp_event_source.local.inputs import Inputs
from cp_event_source.local.resources.request import Created, Creator, Request


def _metric_alarm(request: Request) -> Created:
    inputs = request.inputs
    cloudwatch = request.clients("cloudwatch")
    name = request.physical_name(255)
    alarm: dict[str, Any] = {
        "AlarmName": name,
        "ComparisonOperator": inputs.need("comparisonOperator"),
        "EvaluationPeriods": inputs.need("evaluationPeriods"),
        "Tags": request.tags(),
        **inputs.given(
            ActionsEnabled="actionsEnabled",
            AlarmActions="alarmActions",
            AlarmDescription="alarmDescription",
            DatapointsToAlarm="datapointsToAlarm",
            EvaluateLowSampleCountPercentile="evaluateLowSampleCountPercentiles",
            ExtendedStatistic="extendedStatistic",
            InsufficientDataActions="insufficientDataActions",
            MetricName="metricName",
            Namespace="namespace",
            OKActions="okActions",
            Period="period",
            Statistic="statistic",
            Threshold="threshold",
            ThresholdMetricId="thresholdMetricId",
            TreatMissingData="treatMissingData",
            Unit="unit",
        ),
    }
    if dimensions := _dimensions(inputs):
        alarm["Dimensions"] = dimensions
    if queries := inputs.blocks("metricQueries"):
        alarm["Metrics"] = [_query(query) for query in queries]
    cloudwatch.put_metric_alarm(**alarm)
    (described,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return Created(name, {"name": name, "arn": described["AlarmArn"]})


def _query(query: Inputs) -> dict[str, Any]:
    """A metric, or an expression over other metrics."""
    result = {
        "Id": query.need("id"),
        **query.given(
            AccountId="accountId", Expression="expression", Label="label", Period="period", ReturnData="returnData"
        ),
    }
    if metric := query.block("metric"):
        result["MetricStat"] = {
            "Metric": {
                "MetricName": metric.need("metricName"),
                "Dimensions": _dimensions(metric),
                **metric.given(Namespace="namespace"),
            },
            "Period": metric.need("period"),
            "Stat": metric.need("stat"),
            **metric.given(Unit="unit"),
        }
    return result


def _dimensions(inputs: Inputs) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in inputs.get("dimensions", {}).items()]


def _dashboard(request: Request) -> Created:
    cloudwatch = request.clients("cloudwatch")
    name = request.physical_name(255, given="dashboardName")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=request.inputs.need("dashboardBody"))
    return Created(name, {"dashboardArn": cloudwatch.get_dashboard(DashboardName=name)["DashboardArn"]})


NOTES: Final = {"aws:cloudwatch/metricAlarm:MetricAlarm": "alarms are created but never fire"}
"""The notes on resources that do less here than on AWS."""

CREATORS: Final[dict[str, Creator]] = {
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _metric_alarm,
}
