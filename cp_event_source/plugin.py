"""Serves the components to programs in any language, with a schema and errors that name inputs as those programs do."""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.provider import CheckFailure, ConstructResult, main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.provider import InvokeResult
from pulumi.provider.server import ComponentInitError

from .inputs import checks
from .inputs.spelling import spell, speller
from .package_functions import FUNCTIONS
from .package_schema import served


def serve(components: Sequence[type[pulumi.ComponentResource]], name: str, version: str) -> None:
    """Serve until the engine ends the process.

    Args:
        components: the components.
        name: the package's name.
        version: its version.
    """
    provider = Provider(list(components), name, version=version)
    spell(provider.inputs)  # in this process, which serves no program in Python
    # A construction that fails leaves outputs that nobody awaits. The engine gets the error, and it shows what else is
    # written here: a traceback of each of thousands.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    main(provider, sys.argv[1:])


class Provider(ComponentProvider):
    """Pulumi's provider of components, but for its schema and for inputs that are wrong.

    Pulumi's own serves docstrings as they are in the source, drops unknown inputs, ends at the first one that is
    missing, and reports what a component raises with a traceback. Here the schema is for readers in all languages, the
    component gets all inputs, and its errors reach the engine as they are.
    """

    def __init__(self, components: list[type[pulumi.ComponentResource]], name: str, *, version: str) -> None:
        super().__init__(components, name, version=version)
        self.inputs = _spellings(
            *(each.inputs_mapping for each in self._component_defs.values()),
            *(each.properties_mapping for each in self._type_defs.values()),
        )
        outputs = _spellings(*(each.outputs_mapping for each in self._component_defs.values()))
        schema = served(json.loads(self.schema or "{}"), speller(self.inputs | outputs))
        functions = {token: function.schema for token, function in FUNCTIONS.items()}
        self.schema = json.dumps(schema | {"functions": functions})

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, pulumi.InputPropertiesError):
                raise error.inner from None
            raise

    def invoke(self, token: str, args: Mapping[str, Any]) -> InvokeResult:
        if token not in FUNCTIONS:
            raise ValueError(f"{token}: must be a function of the package; use {' or '.join(FUNCTIONS)}")
        function = FUNCTIONS[token]
        given = {name: value for name, value in args.items() if not name.startswith("__")}
        problems = checks.inputs(given, function.checks, required=function.checks, plain=function.checks)
        if problems:
            failures = [CheckFailure(name, reason) for name, _, reason in (each.partition(": ") for each in problems)]
            return InvokeResult({}, failures)
        return InvokeResult(function.call(**given))

    def map_input_properties(
        self, inputs: Any, properties: Any, mapping: dict[str, str], component_name: str, property_path: str
    ) -> Any:
        """The inputs under Python's names. Names that the schema does not have stay, so that the component refuses
        them; Python's own, which it would take, are refused here."""
        mapped: dict[str, Any] = {}
        in_the_schema = {python: schema for schema, python in mapping.items()}
        for schema_name, value in inputs.items():
            definition = properties.get(schema_name)
            path = f"{property_path}.{schema_name}".lstrip(".")
            if definition is None and schema_name in in_the_schema:
                reason = f"is not an input; did you mean {in_the_schema[schema_name]}?"
                raise pulumi.InputPropertiesError(f"{path}: {reason}", [{"property_path": path, "reason": reason}])
            if definition is None:
                mapped[schema_name] = value
            else:
                mapped[mapping[schema_name]] = self._mapped_value(value, definition, component_name, path)
        return mapped

    def _mapped_value(self, value: Any, definition: Any, component_name: str, path: str) -> Any:
        """The value of an input: dictionaries of a type of their own, alone or in lists, get Python's names."""
        if isinstance(value, pulumi.Output):
            return value.apply(lambda known: self._mapped_value(known, definition, component_name, path))
        if definition.ref is not None and isinstance(value, dict):
            inner = self._type_defs[definition.ref.split(":")[-1]]
            return self.map_input_properties(value, inner.properties, inner.properties_mapping, component_name, path)
        if definition.items is not None and isinstance(value, list):
            return [
                self._mapped_value(each, definition.items, component_name, f"{path}[{position}]")
                for position, each in enumerate(value)
            ]
        return value


def _spellings(*mappings: dict[str, str]) -> dict[str, str]:
    """The schema's names by Python's, where the two differ."""
    return {python: schema for mapping in mappings for schema, python in mapping.items() if python != schema}
