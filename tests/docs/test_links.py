"""Guarantee: every link has a target, and no file names a machine or a package registry."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.pinned import INHERITED

from .markdown import REPOSITORY, anchors, links, pages

# Text that shows a home directory, a build machine or a private package registry.
_ELSEWHERE = re.compile(
    r"(?<![\w.])/(?:home|Users|root|work|builds)/\w|--(?:extra-)?index-url|artifactory|jfrog", re.IGNORECASE
)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_relative_links_resolve(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(REPOSITORY)
        if anchor:
            assert anchor in anchors(target), f"{link}: {target.name} has {sorted(anchors(target))}"


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = REPOSITORY / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in links(index)}
    assert {page for page in pages() if page.is_relative_to(index.parent)} == listed | {index}


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    named = []
    registries = configured_registries()
    for name in filter(
        None,
        output_of(
            "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"
        ).split("\0"),
    ):
        file = REPOSITORY / name
        if not file.is_file() or file == Path(__file__):
            continue
        text = file.read_text(errors="ignore")
        if _ELSEWHERE.search(text) or any(host in text for host in registries):
            named.append(name)
    assert named == []


def configured_registries() -> set[str]:
    """The hosts that this machine is configured to install packages from."""
    settings = output_of(sys.executable, "-m", "pip", "config", "list", env=INHERITED).splitlines()
    settings += [f"{name}={value}" for name, value in INHERITED.items()]
    addresses = [
        address
        for name, _, value in (setting.partition("=") for setting in settings)
        if re.search(r"index|find.links|registry", name, re.IGNORECASE)
        for address in re.findall(r"https?://[^\s'\"]+", value)
    ]
    hosts = {urlsplit(address).hostname for address in addresses}
    return {host for host in hosts if host and "." in host and not host.startswith("127.")}


def output_of(*command: str, env: Mapping[str, str] | None = None) -> str:
    return subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True).stdout
