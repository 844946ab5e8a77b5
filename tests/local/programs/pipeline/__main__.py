"""Bus -> rule -> queue -> function -> table, to test the local run without the component."""

import json

import pulumi
import pulumi_aws as aws

CODE = """
import json, os
import boto3
from greeting import GREETING

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])

def handle(event, context):
    for record in event["Records"]:
        detail = json.loads(record["body"])["detail"]
        table.put_item(Item={"Id": detail["Id"], "Greeting": GREETING})
"""

config = pulumi.Config()
table = aws.dynamodb.Table(
    "rows",
    hash_key="Id",
    attributes=[{"name": "Id", "type": "S"}],
    billing_mode="PAY_PER_REQUEST",
    stream_enabled=True,
    stream_view_type="NEW_IMAGE",
    point_in_time_recovery={"enabled": True},
)
queue = aws.sqs.Queue("work", visibility_timeout_seconds=60)
bus = aws.cloudwatch.EventBus("bus")
rule = aws.cloudwatch.EventRule(
    "rule", event_bus_name=bus.name, event_pattern=json.dumps({"detail": {"Wanted": [True]}})
)
aws.sqs.QueuePolicy(
    "policy",
    queue_url=queue.url,
    policy=queue.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": arn,
                    }
                ],
            }
        )
    ),
)
aws.cloudwatch.EventTarget("target", rule=rule.name, event_bus_name=bus.name, arn=queue.arn)
role = aws.iam.Role(
    "role",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ],
        }
    ),
)
layer = aws.lambda_.LayerVersion(
    "layer",
    layer_name="greeting",
    code=pulumi.AssetArchive({"python/greeting.py": pulumi.FileAsset("greeting.py")}),
)
function = aws.lambda_.Function(
    "function",
    runtime="python3.12",
    handler="index.handle",
    role=role.arn,
    layers=[layer.arn],
    code=pulumi.AssetArchive({"index.py": pulumi.StringAsset(CODE)}),
    environment={"variables": {"TABLE": table.name}},
    timeout=10,
)
aws.lambda_.EventSourceMapping("mapping", event_source_arn=queue.arn, function_name=function.name, batch_size=10)

pulumi.export("table", table.name)
pulumi.export("tableArn", table.arn)
pulumi.export("bus", bus.name)
pulumi.export("note", config.get("note"))
