"""Lambda: functions, layers, permissions, event source mappings, asynchronous invocation."""

import io
import json
import zipfile
from functools import partial
from typing import Any, Final

from cp_event_source.layer.compiled_files import HEAD_BYTES, foreign_files, summary, this_machine
from cp_event_source.local.archives import zipped
from cp_event_source.local.errors import UnsupportedError
from cp_event_source.local.inputs import Inputs
from cp_event_source.local.resources.request import WAIT, Created, Creator, Request


def _function(request: Request) -> Created:
    inputs = request.inputs
    client = request.clients("lambda")
    name = request.physical_name(64)
    runtime = inputs.need("runtime")
    code = _code(request)
    function: dict[str, Any] = {
        "FunctionName": name,
        "Role": inputs.need("role"),
        "Handler": inputs.need("handler"),
        "Runtime": runtime,
        "Code": {"ZipFile": code},
        "Tags": inputs.get("tags", {}),
        **inputs.given(
            Architectures="architectures",
            Description="description",
            KMSKeyArn="kmsKeyArn",
            Layers="layers",
            MemorySize="memorySize",
            PackageType="packageType",
            Publish="publish",
            Timeout="timeout",
        ),
    }
    environment = inputs.block("environment")
    variables = environment.get("variables", {}) if environment else {}
    # Lambda itself sets this one; the emulator does not.
    function["Environment"] = {"Variables": {**variables, "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}"}}
    if dead_letters := inputs.block("deadLetterConfig"):
        function["DeadLetterConfig"] = dead_letters.given(TargetArn="targetArn")
    if tracing := inputs.block("tracingConfig"):
        function["TracingConfig"] = tracing.given(Mode="mode")
    if storage := inputs.block("ephemeralStorage"):
        function["EphemeralStorage"] = storage.given(Size="size")
    function |= logging_of(inputs)
    # These say only when Pulumi uploads the code again, and what it keeps when it destroys.
    inputs.no_effect("sourceCodeHash", "skipDestroy")
    inputs.no_effect("codeSigningConfigArn")  # nothing here signs code or checks signatures
    inputs.no_effect("vpcConfig")  # everything is on this machine
    answer = client.create_function(**function)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=WAIT)
    concurrency = inputs.get("reservedConcurrentExecutions", -1)
    if concurrency >= 0:  # -1, the default, means none reserved
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=concurrency)
    if concurrency:
        request.starts.begin(client, name, runtime)
    arn = answer["FunctionArn"]
    return Created(
        name,
        {
            "name": name,
            "arn": arn,
            "invokeArn": _invoke_arn(arn, request.clients.region),
            "qualifiedArn": f"{arn}:{answer['Version']}",
            "version": answer["Version"],
            "lastModified": answer["LastModified"],
            "codeSha256": answer["CodeSha256"],
            "sourceCodeSize": answer["CodeSize"],
        },
        _notes_on_compiled_files(f"function {request.name}", code),
    )


def logging_of(inputs: Inputs) -> dict[str, Any]:
    """How a function logs, as an argument of an AWS call; nothing if its inputs do not say."""
    logging = inputs.block("loggingConfig")
    if logging is None:
        return {}
    return {
        "LoggingConfig": logging.given(
            ApplicationLogLevel="applicationLogLevel",
            LogFormat="logFormat",
            LogGroup="logGroup",
            SystemLogLevel="systemLogLevel",
        )
    }


def _code(request: Request) -> bytes:
    """The function's deployment package."""
    if (bucket := request.inputs.get("s3Bucket")) is not None:
        raise UnsupportedError(
            f"its code is in the bucket {bucket!r}, and a local run starts with an empty account; give the function"
            f" its code as `code` if the stack is the local one"
        )
    return zipped(request.inputs.need("code"), request.folder)


def _notes_on_compiled_files(whose: str, archive: bytes) -> list[str]:
    """A note if files of an archive cannot be loaded here: an archive that is right for Lambda may be wrong here."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            foreign = foreign_files((name, partial(_head, files, name)) for name in files.namelist())
    except zipfile.BadZipFile:  # the emulator refuses it
        return []
    if not foreign:
        return []
    return [f"{whose}: {summary(foreign)}; this machine runs {this_machine()}: the function may not start here"]


def _head(files: zipfile.ZipFile, name: str) -> bytes:
    with files.open(name) as file:
        return file.read(HEAD_BYTES)


def _invoke_arn(function_arn: str, region: str) -> str:
    partition = function_arn.split(":")[1]
    path = f"path/2015-03-31/functions/{function_arn}/invocations"
    return f"arn:{partition}:apigateway:{region}:lambda:{path}"


def _layer_version(request: Request) -> Created:
    inputs = request.inputs
    name = inputs.need("layerName")
    content = zipped(inputs.need("code"), request.folder)
    layer = {
        "LayerName": name,
        "Content": {"ZipFile": content},
        **inputs.given(
            CompatibleArchitectures="compatibleArchitectures",
            CompatibleRuntimes="compatibleRuntimes",
            Description="description",
            LicenseInfo="licenseInfo",
        ),
    }
    inputs.no_effect("sourceCodeHash", "skipDestroy")
    answer = request.clients("lambda").publish_layer_version(**layer)
    return Created(
        answer["LayerVersionArn"],
        {
            "arn": answer["LayerVersionArn"],
            "layerArn": answer["LayerArn"],
            "version": str(answer["Version"]),
            "createdDate": answer["CreatedDate"],
            "codeSha256": answer["Content"]["CodeSha256"],
            "sourceCodeSize": answer["Content"]["CodeSize"],
        },
        _notes_on_compiled_files(f"layer {name}", content),
    )


def _permission(request: Request) -> Created:
    inputs = request.inputs
    statement_id = request.physical_name(100, given="statementId")
    statement = {
        "StatementId": statement_id,
        "Action": inputs.need("action"),
        "FunctionName": _function_name(inputs.need("function")),
        "Principal": inputs.need("principal"),
        **inputs.given(
            EventSourceToken="eventSourceToken",
            FunctionUrlAuthType="functionUrlAuthType",
            PrincipalOrgID="principalOrgId",
            Qualifier="qualifier",
            SourceAccount="sourceAccount",
            SourceArn="sourceArn",
        ),
    }
    request.clients("lambda").add_permission(**statement)
    return Created(statement_id, {"statementId": statement_id})


def _event_source_mapping(request: Request) -> Created:
    inputs = request.inputs
    mapping: dict[str, Any] = {
        "FunctionName": inputs.need("functionName"),
        "EventSourceArn": inputs.need("eventSourceArn"),
        "Enabled": inputs.get("enabled", True),
        **inputs.given(
            BatchSize="batchSize",
            BisectBatchOnFunctionError="bisectBatchOnFunctionError",
            FunctionResponseTypes="functionResponseTypes",
            KMSKeyArn="kmsKeyArn",
            MaximumBatchingWindowInSeconds="maximumBatchingWindowInSeconds",
            MaximumRecordAgeInSeconds="maximumRecordAgeInSeconds",
            MaximumRetryAttempts="maximumRetryAttempts",
            ParallelizationFactor="parallelizationFactor",
            StartingPosition="startingPosition",
            StartingPositionTimestamp="startingPositionTimestamp",
            Tags="tags",
            TumblingWindowInSeconds="tumblingWindowInSeconds",
        ),
    }
    if criteria := inputs.block("filterCriteria"):
        patterns = [filter_.need("pattern") for filter_ in criteria.blocks("filters")]
        mapping["FilterCriteria"] = {"Filters": [{"Pattern": _as_the_emulator_matches(each)} for each in patterns]}
    if destinations := inputs.block("destinationConfig"):
        mapping["DestinationConfig"] = _destination(destinations, "onFailure", "destinationArn")
    if scaling := inputs.block("scalingConfig"):
        mapping["ScalingConfig"] = scaling.given(MaximumConcurrency="maximumConcurrency")
    if metrics := inputs.block("metricsConfig"):
        mapping["MetricsConfig"] = metrics.given(Metrics="metrics")
    inputs.no_effect("provisionedPollerConfig")  # how many pollers read a source is the emulator's own
    answer = request.clients("lambda").create_event_source_mapping(**mapping)
    return Created(
        answer["UUID"],
        {
            "uuid": answer["UUID"],
            "arn": answer.get("EventSourceMappingArn", ""),
            "functionArn": answer["FunctionArn"],
            "state": answer["State"],
        },
    )


def _as_the_emulator_matches(pattern: str) -> str:
    """A filter's pattern for the emulator, which finds nothing below a name that a record does not have.

    On AWS, `{"Name": {"S": [{"exists": false}]}}` is true for a record without `Name`. Here, it is so one level up.
    """

    def rewritten(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        if list(node.values()) == [_ABSENT] and not {*node} - _TYPES:
            return _ABSENT
        return {name: rewritten(inner) for name, inner in node.items()}

    return json.dumps(rewritten(json.loads(pattern)))


_ABSENT: Final = [{"exists": False}]
_TYPES: Final = frozenset({"S", "N", "B", "BOOL", "NULL"})
"""The names of DynamoDB's types of scalars."""


def _asynchronous_invocation(request: Request) -> Created:
    inputs = request.inputs
    function = inputs.need("functionName")
    qualifier = inputs.get("qualifier", "$LATEST")
    settings = {
        "FunctionName": _function_name(function),
        "Qualifier": qualifier,
        **inputs.given(
            MaximumEventAgeInSeconds="maximumEventAgeInSeconds", MaximumRetryAttempts="maximumRetryAttempts"
        ),
    }
    if destinations := inputs.block("destinationConfig"):
        settings["DestinationConfig"] = {
            **_destination(destinations, "onFailure", "destination"),
            **_destination(destinations, "onSuccess", "destination"),
        }
    request.clients("lambda").put_function_event_invoke_config(**settings)
    return Created(f"{function}:{qualifier}", {"qualifier": qualifier})


def _destination(destinations: Inputs, name: str, arn: str) -> dict[str, Any]:
    """A destination as the service takes it; `arn` is Pulumi's name of the input that holds the ARN."""
    block = destinations.block(name)
    return {name[0].upper() + name[1:]: {"Destination": block.need(arn)}} if block else {}


def _function_name(name_or_arn: str) -> str:
    """A function's name from its name or ARN."""
    return name_or_arn.split(":function:")[-1]


NOTES: Final = {
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "results of rebuilds and other asynchronous invocations do not reach the event bus"
    )
}
"""The notes on resources that do less here than on AWS."""

CREATORS: Final[dict[str, Creator]] = {
    "aws:lambda/eventSourceMapping:EventSourceMapping": _event_source_mapping,
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _asynchronous_invocation,
    "aws:lambda/layerVersion:LayerVersion": _layer_version,
    "aws:lambda/permission:Permission": _permission,
}
