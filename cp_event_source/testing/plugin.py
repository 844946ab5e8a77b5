"""The pytest plugin: the fixture `layer`, the domain logic layer of the project under test."""

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from .layer import Layer

_OPTION: Final = "domain_logic_layer"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option that names the layer's folder."""
    parser.addini(_OPTION, "folder of the domain logic layer that the fixture `layer` loads", default="")


@pytest.fixture
def layer(pytestconfig: pytest.Config) -> "Layer":
    """The layer in the folder that the option `domain_logic_layer` names, loaded afresh for each test."""
    from .layer import load

    folder: Any = pytestconfig.getini(_OPTION)
    if not folder:
        raise pytest.UsageError(
            f"{_OPTION}: must be the folder with domain_handler.py, relative to pytest's root folder; got nothing; "
            f'write into pyproject.toml, under [tool.pytest.ini_options]: {_OPTION} = "my_layer"'
        )
    return load(pytestconfig.rootpath / folder)
