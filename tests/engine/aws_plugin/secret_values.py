"""Secrets on the wire: a value with a mark, anywhere within a property."""

from typing import Any, Final

from pulumi.runtime import rpc

_MARK: Final = {rpc._special_sig_key: rpc._special_secret_sig}


def opened(value: Any) -> Any:
    """A value without the marks of secrets in it."""
    if isinstance(value, dict):
        if _is_secret(value):
            return opened(value.get("value"))
        return {name: opened(each) for name, each in value.items()}
    return [opened(each) for each in value] if isinstance(value, list) else value


def has_secrets(value: Any) -> bool:
    """Whether a value is a secret or has some in it."""
    if isinstance(value, dict):
        return _is_secret(value) or any(has_secrets(each) for each in value.values())
    return isinstance(value, list) and any(has_secrets(each) for each in value)


def as_secret(value: Any) -> dict[str, Any]:
    """A value with the mark of a secret."""
    return {**_MARK, "value": value}


def _is_secret(value: dict[str, Any]) -> bool:
    return value.get(rpc._special_sig_key) == rpc._special_secret_sig
