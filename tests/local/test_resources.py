"""What encrypts, allows, limits and watches reaches the emulator as it was given."""

import json
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import ProgramError
from tests.local.conftest import Announcements
from tests.local.programs_on_disk import write_program

POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:Query", "Resource": "*"}]}
)

ROLE = f"""
import pulumi, pulumi_aws as aws
policy = {POLICY!r}
role = aws.iam.Role("role", assume_role_policy=policy)
"""


def test_keys_aliases_and_key_policies(run: LocalRun, tmp_path: Path) -> None:
    outputs = run.deploy(
        write_program(
            tmp_path / "keys",
            ROLE
            + """
key = aws.kms.Key("key", description="for all", policy=policy, enable_key_rotation=True, rotation_period_in_days=180,
    deletion_window_in_days=30, tags={"a": "b"})
alias = aws.kms.Alias("name", target_key_id=key.key_id)
bare = aws.kms.Key("bare")
aws.kms.KeyPolicy("bare", key_id=bare.id, policy=policy)
for name, value in {"key": key.key_id, "arn": key.arn, "bare": bare.arn, "alias": alias.name}.items():
    pulumi.export(name, value)
pulumi.export("alias_target", alias.target_key_arn)
""",
        )
    ).outputs

    kms = run.client("kms")
    described = kms.describe_key(KeyId=outputs["key"])["KeyMetadata"]
    rotation = kms.get_key_rotation_status(KeyId=outputs["key"])
    assert (described["Arn"], described["Description"]) == (outputs["arn"], "for all")
    assert (rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]) == (True, 180)
    assert kms.list_resource_tags(KeyId=outputs["key"])["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    assert outputs["alias"].startswith("alias/name-")
    assert outputs["alias_target"] == outputs["arn"]
    assert kms.describe_key(KeyId=outputs["alias"])["KeyMetadata"]["Arn"] == outputs["arn"]
    for key in ("arn", "bare"):
        assert kms.get_key_policy(KeyId=outputs[key], PolicyName="default")["Policy"] == POLICY
    assert kms.get_key_rotation_status(KeyId=outputs["bare"])["KeyRotationEnabled"] is False


def test_topics_with_policies_and_subscriptions(run: LocalRun, tmp_path: Path) -> None:
    outputs = run.deploy(
        write_program(
            tmp_path / "topics",
            ROLE
            + """
topic = aws.sns.Topic("alarms", display_name="Alarms", kms_master_key_id="alias/k", policy=policy, tags={"a": "b"})
other = aws.sns.Topic("other")
aws.sns.TopicPolicy("other", arn=other.arn, policy=policy)
queue = aws.sqs.Queue("mail")
subscription = aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="sqs", endpoint=queue.arn,
    raw_message_delivery=True)
for name, value in {"arn": topic.arn, "name": topic.name, "other": other.arn, "queue": queue.url,
                    "subscription": subscription.arn}.items():
    pulumi.export(name, value)
""",
        )
    ).outputs

    sns = run.client("sns")
    attributes = sns.get_topic_attributes(TopicArn=outputs["arn"])["Attributes"]
    assert outputs["arn"].endswith(f":{outputs['name']}")
    assert (attributes["DisplayName"], attributes["KmsMasterKeyId"]) == ("Alarms", "alias/k")
    assert attributes["Policy"] == POLICY
    assert sns.get_topic_attributes(TopicArn=outputs["other"])["Attributes"]["Policy"] == POLICY
    assert sns.list_tags_for_resource(ResourceArn=outputs["arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    subscription = sns.get_subscription_attributes(SubscriptionArn=outputs["subscription"])["Attributes"]
    assert subscription["RawMessageDelivery"] == "true"
    sns.publish(TopicArn=outputs["arn"], Message="hello")
    (message,) = run.client("sqs").receive_message(QueueUrl=outputs["queue"], WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == "hello"


def test_alarms_and_dashboards_with_one_note_however_many_alarms(
    run: LocalRun, tmp_path: Path, announcements: Announcements
) -> None:
    before = len(announcements)
    outputs = run.deploy(
        write_program(
            tmp_path / "watched",
            """
            import pulumi, pulumi_aws as aws
            topic = aws.sns.Topic("alarms")
            alarm = aws.cloudwatch.MetricAlarm("errors", alarm_description="what to do", namespace="AWS/Lambda",
                metric_name="Errors", dimensions={"FunctionName": "f"}, statistic="Sum", period=60, unit="Count",
                comparison_operator="GreaterThanThreshold", threshold=0, evaluation_periods=5, datapoints_to_alarm=3,
                treat_missing_data="notBreaching", actions_enabled=True, alarm_actions=[topic.arn],
                ok_actions=[topic.arn], insufficient_data_actions=[], tags={"a": "b"})
            aws.cloudwatch.MetricAlarm("rate", comparison_operator="GreaterThanThreshold", threshold=0.1,
                evaluation_periods=1, metric_queries=[
                    {"id": "rate", "expression": "errors / invocations", "label": "Rate", "return_data": True},
                    *({"id": name.lower(), "metric": {"namespace": "AWS/Lambda", "metric_name": name, "stat": "Sum",
                       "period": 60, "dimensions": {"FunctionName": "f"}}} for name in ("Errors", "Invocations"))])
            dashboard = aws.cloudwatch.Dashboard("all", dashboard_name="all", dashboard_body='{"widgets":[]}')
            for name, value in {"topic": topic.arn, "alarm": alarm.name, "alarm_arn": alarm.arn,
                                "dashboard": dashboard.dashboard_arn}.items():
                pulumi.export(name, value)
            """,
        )
    ).outputs

    cloudwatch = run.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[outputs["alarm"]])["MetricAlarms"]
    assert _only(alarm, "AlarmArn", "AlarmDescription", "Namespace", "MetricName", "Statistic", "Period", "Unit") == {
        "AlarmArn": outputs["alarm_arn"],
        "AlarmDescription": "what to do",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "Unit": "Count",
    }
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "f"}]
    assert _only(alarm, "Threshold", "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData") == {
        "Threshold": 0,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "TreatMissingData": "notBreaching",
    }
    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([outputs["topic"]], [outputs["topic"]])
    assert cloudwatch.list_tags_for_resource(ResourceARN=outputs["alarm_arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
    assert cloudwatch.get_dashboard(DashboardName="all")["DashboardArn"] == outputs["dashboard"]
    assert len([line for line in announcements[before:] if line.startswith("note:")]) == 1


def test_a_bus_policy_opens_the_bus_to_nobody(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "bus-policy",
        ROLE
        + """
bus = aws.cloudwatch.EventBus("bus")
aws.cloudwatch.EventBusPolicy("bus", event_bus_name=bus.name, policy=policy)
pulumi.export("bus", bus.name)
""",
    )

    bus = run.deploy(program).outputs["bus"]

    assert "Policy" not in run.client("events").describe_event_bus(Name=bus)


def test_a_bus_policy_of_a_bus_that_is_not_there_is_an_error(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "no-bus", ROLE + "aws.cloudwatch.EventBusPolicy('bus', event_bus_name='nowhere', policy=policy)"
    )

    with pytest.raises(ProgramError, match=r"EventBusPolicy 'bus'.*nowhere"):
        run.deploy(program)


def test_policies_of_another_stack_are_attached_by_their_arn(run: LocalRun, tmp_path: Path) -> None:
    owner = ROLE + "pulumi.export('policy', aws.iam.Policy('reader', policy=policy, tags={'a': 'b'}).arn)"
    user = """
    import pulumi, pulumi_aws as aws
    policy = pulumi.StackReference("organization/policy-owner/local").require_output("policy")
    role = aws.iam.Role("role", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    aws.iam.RolePolicyAttachment("reads", role=role.name, policy_arn=policy)
    pulumi.export("role", role.name)
    """
    arn = run.deploy(write_program(tmp_path / "policy-owner", owner)).outputs["policy"]

    role = run.deploy(write_program(tmp_path / "policy-user", user)).outputs["role"]

    attached = run.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]


def test_what_encrypts_and_limits_reaches_functions_queues_tables_and_log_groups(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "protected",
        ROLE
        + """
key = aws.kms.Key("key")
logs = aws.cloudwatch.LogGroup("logs", kms_key_id=key.arn)
queue = aws.sqs.Queue("queue", kms_master_key_id=key.arn, kms_data_key_reuse_period_seconds=300)
table = aws.dynamodb.Table("table", hash_key="H", attributes=[{"name": "H", "type": "S"}],
    billing_mode="PAY_PER_REQUEST", deletion_protection_enabled=True,
    server_side_encryption={"enabled": True, "kms_key_arn": key.arn})
function = aws.lambda_.Function("function", role=role.arn, runtime="python3.14", handler="a.b", kms_key_arn=key.arn,
    reserved_concurrent_executions=5, code_signing_config_arn="arn:aws:lambda:us-east-1:0:code-signing-config:c",
    vpc_config={"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0a"]},
    code=pulumi.AssetArchive({"a.py": pulumi.StringAsset("def b(*_): pass")}))
aws.lambda_.Permission("permission", action="lambda:InvokeFunction", function=function.name,
    principal="events.amazonaws.com", source_arn="arn:aws:events:us-east-1:1:rule/r", source_account="123456789012")
aws.lambda_.FunctionEventInvokeConfig("retries", function_name=function.name, maximum_retry_attempts=1,
    maximum_event_age_in_seconds=3600)
mapping = aws.lambda_.EventSourceMapping("mapping", function_name=function.arn, event_source_arn=queue.arn,
    enabled=False, scaling_config={"maximum_concurrency": 7})
for name, value in {"key": key.arn, "logs": logs.name, "queue": queue.url, "table": table.name,
                    "function": function.name, "mapping": mapping.uuid}.items():
    pulumi.export(name, value)
""",
    )

    outputs = run.deploy(program).outputs

    key = outputs["key"]
    (group,) = run.client("logs").describe_log_groups(logGroupNamePrefix=outputs["logs"])["logGroups"]
    assert group["kmsKeyId"] == key
    queue = run.client("sqs").get_queue_attributes(QueueUrl=outputs["queue"], AttributeNames=["All"])["Attributes"]
    assert (queue["KmsMasterKeyId"], queue["KmsDataKeyReusePeriodSeconds"]) == (key, "300")
    table = run.client("dynamodb").describe_table(TableName=outputs["table"])["Table"]
    assert (table["DeletionProtectionEnabled"], table["SSEDescription"]["KMSMasterKeyArn"]) == (True, key)
    functions = run.client("lambda")
    name = outputs["function"]
    assert functions.get_function_configuration(FunctionName=name)["KMSKeyArn"] == key
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 5
    (statement,) = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    assert statement["Condition"]["StringEquals"] == {"AWS:SourceAccount": "123456789012"}
    retries = functions.get_function_event_invoke_config(FunctionName=name, Qualifier="$LATEST")
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (1, 3600)
    mapping = functions.get_event_source_mapping(UUID=outputs["mapping"])
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 7}


def test_code_in_a_bucket_is_an_error_that_says_what_a_local_run_needs(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "in-a-bucket",
        ROLE
        + """
aws.lambda_.Function("function", role=role.arn, runtime="python3.14", handler="a.b", s3_bucket="codes", s3_key="k")
""",
    )

    with pytest.raises(ProgramError, match=r"is in the bucket 'codes'.* its code as `code`"):
        run.deploy(program)


def _only(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}
