"""A consumer in a separate stack: it quarantines files whose scan result becomes INFECTED.

The consumer uses only the outputs of the File domain's stack. Two policies of that stack give it the rights it needs:
to read the rows and follow their changes, and to put events on the bus.
"""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws

here = Path(__file__).parent
source_stack = pulumi.Config().get("source_stack") or "organization/cp-event-source-default/local"

source = pulumi.StackReference(source_stack)
event_bus_name = source.require_output("event_bus_name")
domain_table_name = source.require_output("domain_table_name")
domain_table_stream_arn = source.require_output("domain_table_stream_arn")

logs = aws.cloudwatch.LogGroup("quarantine", retention_in_days=365)

# If the function fails in all retries, Lambda sends a report here: the position in the stream, not the record itself.
failed = aws.sqs.Queue("quarantine-failed", message_retention_seconds=14 * 24 * 3600)

role = aws.iam.Role(
    "quarantine",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)

policy = aws.iam.RolePolicy(
    "quarantine",
    role=role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "ReportFailures",
                    "Effect": "Allow",
                    "Action": "sqs:SendMessage",
                    "Resource": failed.arn,
                },
                {
                    "Sid": "Log",
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": pulumi.Output.concat(logs.arn, ":*"),
                },
            ],
        }
    ),
)

# The pipeline's own policies. They include the right to use its encryption key, if it has one.
rights = [
    policy,
    *(
        aws.iam.RolePolicyAttachment(
            f"quarantine-{kind}", role=role.name, policy_arn=source.require_output(f"{kind}_policy_arn")
        )
        for kind in ("reader", "publisher")
    ),
]

function = aws.lambda_.Function(
    "quarantine",
    runtime="python3.14",
    architectures=["arm64"],
    handler="quarantine.handle",
    code=pulumi.AssetArchive(
        {
            "quarantine.py": pulumi.FileAsset(str(here / "quarantine" / "quarantine.py")),
        }
    ),
    role=role.arn,
    timeout=30,
    memory_size=256,
    environment={"variables": {"DOMAIN_TABLE": domain_table_name, "EVENT_BUS_NAME": event_bus_name}},
    logging_config={"log_format": "JSON", "log_group": logs.name},
    opts=pulumi.ResourceOptions(depends_on=rights),
)

aws.lambda_.EventSourceMapping(
    "quarantine",
    event_source_arn=domain_table_stream_arn,
    function_name=function.arn,
    starting_position="TRIM_HORIZON",
    batch_size=100,
    # Only rows that are infected now. The function compares with the old image to see if the row has just changed.
    filter_criteria={
        "filters": [
            {
                "pattern": json.dumps(
                    {
                        "eventName": ["INSERT", "MODIFY"],
                        "dynamodb": {"NewImage": {"ScanResult": {"S": ["INFECTED"]}}},
                    }
                )
            }
        ]
    },
    function_response_types=["ReportBatchItemFailures"],
    bisect_batch_on_function_error=True,
    maximum_retry_attempts=10,
    destination_config={"on_failure": {"destination_arn": failed.arn}},
    opts=pulumi.ResourceOptions(depends_on=rights),
)

pulumi.export("function_name", function.name)
pulumi.export("failed_queue_url", failed.url)
