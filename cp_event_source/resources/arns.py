"""Amazon resource names: their parts, and the name of an event bus beside another resource."""


def place_of(arn: str) -> tuple[str, str, str]:
    """Partition, region and account of an ARN."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return partition, region, account


def account_of(arn: str) -> str:
    """The account in an ARN."""
    return place_of(arn)[2]


def event_bus_beside(bus_name: str, arn: str) -> str:
    """The ARN of an event bus in the partition, region and account of the resource with the ARN `arn`."""
    partition, region, account = place_of(arn)
    return f"arn:{partition}:events:{region}:{account}:event-bus/{bus_name}"


def all_versions(layer_version_arn: str) -> str:
    """A pattern of the ARNs of a layer's versions."""
    return f"{layer_version_arn.rpartition(':')[0]}:*"


def alarms_beside(arn: str) -> str:
    """A pattern of the ARNs of the alarms in an ARN's account and region."""
    partition, region, account = place_of(arn)
    return f"arn:{partition}:cloudwatch:{region}:{account}:alarm:*"


def network_interfaces_beside(arn: str) -> str:
    """A pattern of the ARNs of all that a network interface has to do with, in an ARN's account and region."""
    partition, region, account = place_of(arn)
    return f"arn:{partition}:ec2:{region}:{account}:*/*"
