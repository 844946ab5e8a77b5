"""What programs look up in an account, answered from the emulator."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from cp_event_source.local.errors import UnsupportedError

if TYPE_CHECKING:
    from cp_event_source.deployed.clients import Clients


def look_up(token: str, arguments: Mapping[str, Any], clients: "Clients") -> Mapping[str, Any]:
    """What a function of the AWS package returns, under Pulumi's names.

    Args:
        token: the function's type token.
        arguments: its arguments, under Pulumi's names.
        clients: the clients of the program's region.

    Raises:
        UnsupportedError: a local run does not know this function.
    """
    known = LOOKUPS.get(token)
    if known is None:
        raise UnsupportedError(
            "a local run does not know this function; use a resource's outputs instead, or pass the value as"
            f" configuration. Known functions: {', '.join(sorted(LOOKUPS))}"
        )
    return known(arguments, clients)


def _caller_identity(_: Mapping[str, Any], clients: "Clients") -> Mapping[str, Any]:
    caller = clients("sts").get_caller_identity()
    account = caller["Account"]
    return {"id": account, "accountId": account, "arn": caller["Arn"], "userId": caller["UserId"]}


def _partition(_: Mapping[str, Any], clients: "Clients") -> Mapping[str, Any]:
    # The partition of the emulator's ARNs, in whatever region.
    name = clients("sts").get_caller_identity()["Arn"].split(":")[1]
    suffix = next(str(each["outputs"]["dnsSuffix"]) for each in _partitions() if each["id"] == name)
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": name, "partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


def _region(arguments: Mapping[str, Any], clients: "Clients") -> Mapping[str, Any]:
    name = str(arguments.get("region") or arguments.get("name") or clients.region)
    for partition in _partitions():
        if region := partition["regions"].get(name):
            endpoint = f"ec2.{name}.{partition['outputs']['dnsSuffix']}"
            return {
                "id": name,
                "region": name,
                "name": name,
                "description": region["description"],
                "endpoint": endpoint,
            }
    raise UnsupportedError(f"region: must be the name of a region of AWS, such as eu-central-1; got {name!r}")


def _partitions() -> Iterator[dict[str, Any]]:
    from botocore.loaders import Loader  # late: who needs only the functions' names has no AWS library

    yield from Loader().load_data("partitions")["partitions"]


LOOKUPS: Final[dict[str, Callable[[Mapping[str, Any], "Clients"], Mapping[str, Any]]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}
"""The functions that a local run answers, by type token."""
