"""The structure of a dashboard's body, as CloudWatch documents it
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html).

Stricter than CloudWatch in one point: what is not used here is not allowed, so that a mistyped property is found.
"""

from typing import Any

_AXIS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"type": "string"},
        "min": {"type": "number"},
        "max": {"type": "number"},
        "showUnits": {"type": "boolean"},
    },
    "additionalProperties": False,
}

_STATISTIC: dict[str, Any] = {
    "type": "string",
    "pattern": r"^(SampleCount|Average|Sum|Minimum|Maximum|p\d{1,2}(\.\d{1,10})?)$",
}

_PERIOD: dict[str, Any] = {"type": "integer", "multipleOf": 60, "minimum": 60}

_ID: dict[str, Any] = {"type": "string", "pattern": "^[a-z][A-Za-z0-9_]*$"}

_SHOWN: dict[str, Any] = {
    "id": _ID,
    "label": {"type": "string"},
    "visible": {"type": "boolean"},
    "yAxis": {"enum": ["left", "right"]},
    "period": _PERIOD,
}

_EXPRESSION: dict[str, Any] = {
    "type": "array",
    "prefixItems": [
        {
            "type": "object",
            "properties": {**_SHOWN, "expression": {"type": "string", "minLength": 1}},
            "required": ["expression"],
            "additionalProperties": False,
        }
    ],
    "minItems": 1,
    "maxItems": 1,
}


def _metric(dimensions: int) -> dict[str, Any]:
    """Namespace, name, pairs of a dimension's name and value, and how it is shown."""
    text = {"type": "string", "minLength": 1}
    shown = {"type": "object", "properties": {**_SHOWN, "stat": _STATISTIC}, "additionalProperties": False}
    length = 2 + 2 * dimensions
    return {"type": "array", "prefixItems": [*[text] * length, shown], "minItems": length, "maxItems": length + 1}


_METRIC_PROPERTIES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "region": {"type": "string", "pattern": r"^[a-z]{2}(-[a-z]+)+-\d$"},
        "view": {"enum": ["timeSeries", "singleValue", "gauge", "bar", "pie", "table"]},
        "stacked": {"type": "boolean"},
        "stat": _STATISTIC,
        "period": _PERIOD,
        "yAxis": {"type": "object", "properties": {"left": _AXIS, "right": _AXIS}, "additionalProperties": False},
        "metrics": {
            "type": "array",
            # A metric has at most 30 dimensions; here three are more than enough.
            "items": {"oneOf": [_EXPRESSION, *(_metric(dimensions) for dimensions in (1, 2, 3))]},
            "minItems": 1,
            "maxItems": 500,
        },
    },
    "required": ["region", "metrics"],
    "additionalProperties": False,
}

_ALARM_PROPERTIES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "sortBy": {"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
        "states": {"type": "array", "items": {"enum": ["ALARM", "INSUFFICIENT_DATA", "OK"]}},
        "alarms": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^arn:[a-z-]+:cloudwatch:[a-z0-9-]+:\d{12}:alarm:.+$"},
            "minItems": 1,
            "maxItems": 100,
        },
    },
    "required": ["alarms"],
    "additionalProperties": False,
}

_TEXT_PROPERTIES: dict[str, Any] = {
    "type": "object",
    "properties": {"markdown": {"type": "string"}},
    "required": ["markdown"],
    "additionalProperties": False,
}


def _widget(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "x": {"type": "integer", "minimum": 0, "maximum": 23},
            "y": {"type": "integer", "minimum": 0},
            "width": {"type": "integer", "minimum": 1, "maximum": 24},
            "height": {"type": "integer", "minimum": 1, "maximum": 1000},
            "properties": properties,
        },
        "required": ["type", "x", "y", "width", "height", "properties"],
        "additionalProperties": False,
    }


BODY: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "widgets": {
            "type": "array",
            "maxItems": 500,
            "items": {
                "oneOf": [
                    _widget("metric", _METRIC_PROPERTIES),
                    _widget("alarm", _ALARM_PROPERTIES),
                    _widget("text", _TEXT_PROPERTIES),
                ]
            },
        }
    },
    "required": ["widgets"],
    "additionalProperties": False,
}
