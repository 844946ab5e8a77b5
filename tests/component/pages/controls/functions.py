"""Checks of the functions' controls."""

from collections.abc import Mapping

import pulumi_aws as aws

from ...deployment import Deployment
from ...removals import Removal, dropped, no_statement, put, several, unset
from .check import (
    OTHER_RULE,
    Check,
    both,
    each_has,
    kept,
    other_key,
)


def newest_runtime(deployment: Deployment) -> None:
    versions = [each.value for each in aws.lambda_.Runtime if each.value.startswith("python3.")]
    newest = max(versions, key=lambda each: int(each.rpartition(".")[2]))
    each_has("Function", newest, "runtime")(deployment)


CHECKS: Mapping[str, Check] = {
    "invoked-by-own-rule": Check(
        kept("invoked-by-own-rule"),
        (
            Removal("of any source", "Permission", unset("sourceArn")),
            Removal("of another rule", "Permission", put(OTHER_RULE, "sourceArn")),
            Removal("of any account", "Permission", unset("sourceAccount")),
            Removal("of any source and account", "Permission", several(unset("sourceArn"), unset("sourceAccount"))),
            Removal("anybody", "Permission", put("*", "principal")),
            Removal("to do anything", "Permission", put("lambda:*", "action")),
        ),
    ),
    "newest-runtime": Check(
        both(kept("newest-runtime"), newest_runtime),
        (
            Removal("out of date", "Function", put("python3.9", "runtime")),
            Removal("not the newest", "Function", put("python3.13", "runtime")),
        ),
    ),
    "tracing": Check(
        kept("tracing"),
        (
            Removal("off", "Function", unset("tracingConfig")),
            Removal("if others trace", "Function", put("PassThrough", "tracingConfig", "mode")),
            Removal("without the right", "RolePolicy", no_statement("Trace")),
        ),
    ),
    "environment-encrypted": Check(
        kept("environment-encrypted"),
        (*other_key("Function"), Removal("without the right to read it", "RolePolicy", no_statement("UseKey"))),
    ),
    "asynchronous-failures": Check(
        kept("asynchronous-failures"),
        (
            Removal("nowhere", "FunctionEventInvokeConfig", dropped),
            Removal("failures nowhere", "FunctionEventInvokeConfig", unset("destinationConfig", "onFailure")),
            Removal("successes nowhere", "FunctionEventInvokeConfig", unset("destinationConfig", "onSuccess")),
            Removal("without the right", "RolePolicy", no_statement("ReportRebuilds")),
        ),
    ),
    "batch-failures": Check(
        kept("batch-failures"),
        (
            Removal("whole batches", "EventSourceMapping", unset("functionResponseTypes")),
            Removal("without bisecting", "EventSourceMapping", unset("bisectBatchOnFunctionError")),
            Removal("after ten tries skipped", "EventSourceMapping", put(10, "maximumRetryAttempts"), "files-project"),
            Removal("old ones skipped", "EventSourceMapping", put(3600, "maximumRecordAgeInSeconds"), "files-project"),
            Removal("from now on", "EventSourceMapping", put("LATEST", "startingPosition"), "files-project"),
            Removal("notifies nobody", "EventSourceMapping", unset("destinationConfig")),
        ),
    ),
    "visibility-timeout": Check(
        kept("visibility-timeout"),
        (
            Removal("for half a minute", "Queue", unset("visibilityTimeoutSeconds")),
            Removal("for as long as the function takes", "Queue", put(90, "visibilityTimeoutSeconds"), "files-ingest"),
            Removal("of a function that takes longer", "Function", put(91, "timeout"), "files-persist"),
        ),
    ),
}
