"""Finds files that the function cannot load, that hide others, or that are too many."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..resources.code_archive import code_files
from . import runtime
from .compiled_files import HEAD_BYTES, targets_of
from .findings import Finding
from .layer_folder import COMPILED, LOADED_TAGS, LayerFolder

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: the code and all layers, unzipped.
MAX_UNZIPPED_BYTES: Final = 250 * 1024 * 1024
_LARGEST: Final = 3

_TAG: Final = re.compile(r"(?P<python>(?:cpython|pypy|graalpy)-?\d+\w*)(?:-(?P<platform>.+))?")
_REMEDY: Final = (
    f"install the package again for the function: pip install --only-binary=:all: --python-version {runtime.VERSION} "
    f"--platform manylinux2014_{runtime.MACHINE} --target"
)


def hiding_modules(folder: LayerFolder) -> Iterator[Finding]:
    """An error for each module of the folder that takes the place of one that others need.

    Args:
        folder: the layer's folder.
    """
    for name, path in folder.top_level().items():
        shown = path.rstrip("/") + ("/" if path.endswith("/") else "")
        located = folder.find(name)
        regular = (located is not None and not path.endswith("/")) or (
            located is not None and located.name != path[:-1]
        )
        sources = [each for each in folder.files if each.startswith(path) and each.endswith(".py")]
        if name == runtime.FUNCTIONS_PACKAGE:
            yield Finding(
                "a module named 'handler' clashes with the function's own code; rename it",
                located.name if located is not None and regular else next(iter(sources), shown),
            )
            continue
        what = (
            f"Python's module {name}"
            if name in runtime.STANDARD_LIBRARY
            else f"the package {name} of Lambda's runtime"
            if name in runtime.RUNTIME_PACKAGES
            else ""
        )
        if not what:
            continue
        if name in runtime.FIRST:
            yield Finding(f"is never imported, because {what} comes first; rename it", shown)
        elif regular:
            remedy = "rename it" if name in runtime.STANDARD_LIBRARY else "take it out, and use the one of the runtime"
            yield Finding(
                f"hides {what} from the functions and from everything that they import, since the layer comes first; "
                f"{remedy}",
                shown,
            )
        elif sources:
            yield Finding(
                f"has no __init__.py, so {what} is imported instead of the modules in it; rename it",
                shown,
            )


def too_large(folder: LayerFolder, limit: int = MAX_UNZIPPED_BYTES) -> Iterator[Finding]:
    """An error if the layer and the functions' code are larger than Lambda takes.

    Args:
        folder: the layer's folder.
        limit: bytes, unzipped.
    """
    sizes = {name: path.stat().st_size for name, path in folder.files.items()}
    code = sum(path.stat().st_size for path in code_files().values())
    total = sum(sizes.values()) + code
    if total > limit:
        largest = sorted(sizes, key=lambda name: -sizes[name])[:_LARGEST]
        listed = ", ".join(f"{name} ({_megabytes(sizes[name])})" for name in largest)
        yield Finding(
            f"the layer is too large: with the functions' code it takes {_megabytes(total)} unzipped, and Lambda takes "
            f"at most {_megabytes(limit)}; take out what the logic does not need; the largest files: {listed}"
        )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"


def wrong_binaries(folder: LayerFolder) -> Iterator[Finding]:
    """An error for each compiled file, and each installed package, that is not made for the function.

    Args:
        folder: the layer's folder.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for name, path in folder.files.items():
        if why := _why_not_loaded(folder, name, path):
            groups.setdefault((_package(folder, name), why), []).append(name)
    reported = {package for package, _ in groups}
    for (package, why), names in groups.items():
        more = f" (and {len(names) - 1} more files of {package})" if len(names) > 1 else ""
        yield Finding(f"{why}{more}; {_remedy(folder, package)}", names[0])
    for name, path in folder.files.items():
        package = _package(folder, name)
        if name.endswith(".dist-info/WHEEL") and package not in reported:
            yield from _wrong_wheel(name, path, package, folder)


def _package(folder: LayerFolder, name: str) -> str:
    """The installed package that a file belongs to, else its folder at the top."""
    for info, tops in folder.packages.items():
        root = info.removesuffix(info.rpartition("/")[2])
        if name.startswith(root) and root + name.removeprefix(root).partition("/")[0] in tops | {info}:
            return info.rpartition("/")[2].removesuffix(".dist-info").rpartition("-")[0]
    return name.partition("/")[0]


def _remedy(folder: LayerFolder, package: str) -> str:
    what = package if any(each.startswith(f"{package}-") for each in folder.packages) else "PACKAGE"
    return f"{_REMEDY} {folder.path.name or '.'} {what}"


def _why_not_loaded(folder: LayerFolder, name: str, path: Path) -> str:
    file = name.rpartition("/")[2]
    if file.endswith(".pyd"):
        return f"is compiled for Windows, and the functions run on Linux on {runtime.MACHINE}"
    if file.endswith(".dylib"):
        return f"is compiled for macOS, and the functions run on Linux on {runtime.MACHINE}"
    if not re.search(r"\.so(\.\d+)*$", file):
        return ""
    made_for = _by_name(folder, name, file) or _by_content(path)
    return f"is compiled for {made_for}, and the functions run {_here()}" if made_for else ""


def _here() -> str:
    return f"Python {runtime.VERSION} on Linux on {runtime.MACHINE}"


def _by_name(folder: LayerFolder, name: str, file: str) -> str:
    """What the tag in a file's name says that it is made for; empty if that is the function."""
    match = COMPILED.fullmatch(file)
    if match is None or match["tag"] in LOADED_TAGS:
        return ""
    tag = _TAG.fullmatch(match["tag"])
    if tag is None:
        return "macOS" if "darwin" in match["tag"] else "Windows" if "win" in match["tag"].split("_")[0] else ""
    parent = name.removesuffix(file)
    for other in folder.files:
        sibling = COMPILED.fullmatch(other.removeprefix(parent)) if other.startswith(parent) else None
        if sibling and sibling["stem"] == match["stem"] and sibling["tag"] in LOADED_TAGS:
            return ""  # the function takes the other one
    digits = re.sub(r"\D", "", tag["python"].partition("_")[0].split("-pp")[0])
    flavour = tag["python"].rstrip("0123456789").endswith("t") or tag["python"].endswith("t")
    python = f"Python {digits[0]}.{digits[1:]}" if len(digits) > 1 else tag["python"]
    if not tag["python"].startswith("cpython"):
        python = tag["python"]
    elif flavour:
        python += " without the global lock"
    platform = tag["platform"] or ""
    return f"{python} on {_platform(platform)}" if platform else python


def _platform(tag: str) -> str:
    system = (
        "macOS"
        if "darwin" in tag or "macosx" in tag
        else "Windows"
        if tag.startswith("win")
        else "Linux with musl"
        if "musl" in tag
        else "Linux"
    )
    processor = re.search(r"x86_64|amd64|i[3-6]86|aarch64|arm64|armv7l|arm|ppc64le|s390x|riscv64|universal2", tag)
    return f"{system} on {processor[0]}" if processor else system


def _by_content(path: Path) -> str:
    """What a file's header says that it is made for; empty if that is the function, or unknown."""
    with path.open("rb") as file:
        targets = targets_of(file.read(HEAD_BYTES))
    if ("Linux", runtime.PROCESSOR) in targets:
        return ""
    return " and ".join(f"{system} on {processor}" for system, processor in sorted(targets))


def _wrong_wheel(name: str, path: Path, package: str, folder: LayerFolder) -> Iterator[Finding]:
    tags: list[tuple[int, str]] = []
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        key, _, value = line.partition(":")
        if key.strip() == "Tag" and value.strip().count("-") >= 2:
            tags.append((number, value.strip()))
    if not tags or any(_fits(tag) for _, tag in tags):
        return
    yield Finding(
        f"{package} was installed for {tags[0][1]}, and the functions run {_here()}; {_remedy(folder, package)}",
        name,
        tags[0][0],
    )


def _fits(tag: str) -> bool:
    pythons, abis, platforms = tag.rsplit("-", 2)
    return any(_python_fits(python, abi) for python in pythons.split(".") for abi in abis.split(".")) and any(
        _platform_fits(each) for each in platforms.split(".")
    )


def _python_fits(python: str, abi: str) -> bool:
    major, minor = runtime.PYTHON
    if match := re.fullmatch(r"(?:py|cp)(\d)(\d*)", python):
        old_enough = int(match[1]) == major and (not match[2] or int(match[2]) <= minor)
        exact = python == f"cp{major}{minor}"
        return (
            old_enough
            and (abi in {"none", "abi3"} or (exact and abi == python))
            and (python.startswith("py") or exact or abi == "abi3" or abi == "none")
        )
    return False


def _platform_fits(platform: str) -> bool:
    if platform == "any":
        return True
    if match := re.fullmatch(rf"manylinux_(\d+)_(\d+)_{runtime.MACHINE}", platform):
        return (int(match[1]), int(match[2])) <= runtime.GLIBC
    return re.fullmatch(rf"(manylinux(1|2010|2014)|linux)_{runtime.MACHINE}", platform) is not None
