"""Finds imports that fail in the function: what is imported must be in the layer, in its Python or in the runtime."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from ..resources.code_archive import code_files
from . import runtime
from .conditions import decided, full_name
from .findings import Finding
from .layer_folder import COMPILED, Kind
from .python_source import SourceFile, Sources
from .reach import Reached
from .scopes import Function, ImportedName

_MODULE_ATTRIBUTES: Final = runtime.names("__name__ __doc__ __file__ __path__ __package__ __spec__ __loader__")
_CAUGHT: Final = {
    "ImportError": {"missing", "name"},
    "ModuleNotFoundError": {"missing"},
    "Exception": {"missing", "name"},
    "BaseException": {"missing", "name"},
}


_REPORTED: Final = "(reported with the file)"


@dataclass(frozen=True)
class _Failure:
    kind: str
    """`missing`: there is no such module. `name`: the module has no such name."""
    module: str
    finding: Finding


class Imports:
    """Follows imports from `domain_handler.py` as the function does."""

    def __init__(self, sources: Sources) -> None:
        """
        Args:
            sources: the folder's files.
        """
        self._sources = sources
        self._folder = sources.folder
        self._failures: dict[str, list[_Failure]] = {}
        self._missing_once: set[str] = set()
        self.imported: dict[str, SourceFile] = {}
        """The files that are imported, by path."""

    def of_module(self, name: str) -> tuple[Finding, ...]:
        """The errors of importing a module of the folder, and all that it imports."""
        file = self._sources.module(name)
        return () if file is None else self._findings(self._of_file(file))

    def of_code(self, reached: Reached) -> tuple[Finding, ...]:
        """The errors of imports inside a function that is called."""
        node = reached.scope.node
        if not isinstance(node, Function):
            return ()
        return self._findings(self._of(node.body, reached.scope.file))

    def _findings(self, failures: Iterable[_Failure]) -> tuple[Finding, ...]:
        """What is to be reported: of packages that somebody else wrote, each module that is missing once."""
        found: list[Finding] = []
        for each in failures:
            if _REPORTED in each.finding:
                continue
            if self._folder.is_foreign(each.finding.file):
                if each.module in self._missing_once:
                    continue
                self._missing_once.add(each.module)
            found.append(each.finding)
        return tuple(found)

    def _of_file(self, file: SourceFile) -> list[_Failure]:
        if file.name not in self._failures:
            self._failures[file.name] = []  # a module that imports itself in a circle
            self.imported[file.name] = file
            self._failures[file.name] = list(dict.fromkeys(self._of(file.tree.body, file)))
        return self._failures[file.name]

    def _of(self, statements: list[ast.stmt], file: SourceFile) -> Iterator[_Failure]:
        for statement in statements:
            match statement:
                case ast.Import() | ast.ImportFrom():
                    yield from self._statement(statement, file)
                case ast.Try() | ast.TryStar():
                    yield from self._guarded(statement, file)
                case ast.If(test=test, body=body, orelse=orelse):
                    holds = decided(test, file.full_names)
                    if holds is None and (file.foreign or self._asks_for_a_module(test, file)):
                        for each in (*self._of(body, file), *self._of(orelse, file)):
                            del each  # only the run decides whether it is imported
                        continue
                    if holds is not False:
                        yield from self._of(body, file)
                    if holds is not True:
                        yield from self._of(orelse, file)
                case ast.With(items=items, body=body):
                    suppressed = {
                        kind
                        for item in items
                        if isinstance(item.context_expr, ast.Call)
                        and full_name(item.context_expr.func, file.full_names) == "contextlib.suppress"
                        for each in item.context_expr.args
                        for kind in _CAUGHT.get(full_name(each, file.full_names), ())
                    }
                    yield from (each for each in self._of(body, file) if each.kind not in suppressed)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    continue
                case ast.ClassDef(body=body):
                    yield from self._of(body, file)
                case _:
                    yield from self._calls(statement, file)
                    for part in ("body", "orelse"):
                        yield from self._of(getattr(statement, part, []), file)
                    for case in getattr(statement, "cases", []):
                        yield from self._of(case.body, file)
            if isinstance(statement, ast.Return | ast.Raise):
                return

    def _guarded(self, statement: ast.Try | ast.TryStar, file: SourceFile) -> Iterator[_Failure]:
        failures = list(self._of(statement.body, file))
        for handler in statement.handlers:
            caught = set().union(*(_CAUGHT.get(name, set()) for name in _names_of(handler.type, file)))
            handled = [each for each in failures if each.kind in caught]
            if not caught:
                if not file.foreign:
                    yield from self._of(handler.body, file)
            elif handled and not _raises(handler.body, file):
                failures = [each for each in failures if each not in handled]
                yield from self._of(handler.body, file)
                break
        else:
            yield from self._of(statement.orelse, file)
        yield from failures
        yield from self._of(statement.finalbody, file)

    def _asks_for_a_module(self, test: ast.expr, file: SourceFile) -> bool:
        return any(
            isinstance(node, ast.Call) and full_name(node.func, file.full_names).endswith("find_spec")
            for node in ast.walk(test)
        )

    def _statement(self, statement: ast.Import | ast.ImportFrom, file: SourceFile) -> Iterator[_Failure]:
        line = statement.lineno
        if isinstance(statement, ast.Import):
            for each in statement.names:
                yield from self._module(each.name, file, line)
            return
        module = file.module_meant(statement)
        if not module:
            written = "." * statement.level + (statement.module or "")
            yield _Failure("name", written, self._relative(written, statement, file))
            return
        failed = list(self._module(module, file, line))
        yield from failed
        if not failed:
            for each in statement.names:
                yield from self._name(module, each.name, file, line)

    def _calls(self, statement: ast.stmt, file: SourceFile) -> Iterator[_Failure]:
        """Imports by a call: `importlib.import_module("name")`."""
        for _, value in ast.iter_fields(statement):
            if not isinstance(value, ast.expr):
                continue
            for node in ast.walk(value):
                match node:
                    case ast.Call(func=function, args=[ast.Constant(value=str(module)), *_]) if full_name(
                        function, file.full_names
                    ) in {"importlib.import_module", "__import__"}:
                        if module.startswith("."):
                            level = len(module) - len(module.lstrip("."))
                            relative = ast.ImportFrom(module[level:] or None, [], level)
                            module = file.module_meant(relative)
                        if module:
                            yield from self._module(module, file, node.lineno)
                    case _:
                        pass

    def _module(self, name: str, file: SourceFile, line: int) -> Iterator[_Failure]:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            module = ".".join(parts[:count])
            problem, found = self._problem(module)
            if problem:
                yield _Failure("missing", module, Finding(f"imports {name}, {problem}", file.name, line))
                return
            if found is not None:
                failures = self._of_file(found)
                yield from failures
                if failures:
                    return

    def _problem(self, module: str) -> tuple[str, SourceFile | None]:
        """Why a module cannot be imported, or an empty text and its file if the layer's folder has it."""
        top = module.partition(".")[0]
        located = self._folder.find(module) if top not in runtime.FIRST and top != runtime.FUNCTIONS_PACKAGE else None
        here = self._folder.find(top) if located is not None else None
        in_layer = here is not None and (here.kind is not Kind.NAMESPACE or not _elsewhere(top))
        if located is not None and in_layer:
            return "", self._sources.file(located.name) if located.kind is Kind.SOURCE else None
        if top == runtime.FUNCTIONS_PACKAGE:
            path = module.replace(".", "/")
            if f"{path}.py" in code_files() or f"{path}/__init__.py" in code_files():
                return "", None
            return "which the functions' own package does not have; import only what the layer needs and has", None
        if why := self._left_out(module):
            return why, None
        if module in runtime.REMOVED:
            return (
                (
                    f"which Python {runtime.REMOVED[module]} removed (the functions run on {runtime.VERSION}); "
                    f"{_REPLACEMENTS.get(module, 'write it without this module, or add a package that replaces it')}"
                ),
                None,
            )
        own = self._folder.find(top)
        if top in runtime.STANDARD_LIBRARY and (own is None or own.kind is Kind.NAMESPACE):
            return self._in_standard_library(module), None
        if top in runtime.RUNTIME_PACKAGES and (own is None or own.kind is Kind.NAMESPACE):
            return "", None
        if top in runtime.OTHER_SYSTEMS and own is None:
            return (
                (
                    f"which only Python on {runtime.OTHER_SYSTEMS[top]} has, and the functions run on Linux; "
                    "import it only if sys.platform says so"
                ),
                None,
            )
        return self._missing(module), None

    def _in_standard_library(self, module: str) -> str:
        top, _, rest = module.partition(".")
        known = not rest or module in runtime.SUBMODULES or top in runtime.WITH_ANY_SUBMODULE
        if known or any(part.startswith("_") for part in rest.split(".")):
            return ""
        close = get_close_matches(module, runtime.SUBMODULES, 1, 0.8)
        return (
            f"which Python {runtime.VERSION} does not have: its {module.rpartition('.')[0]} has no module "
            f"{module.rpartition('.')[2]}; {f'write {close[0]}' if close else 'correct the name'}"
        )

    def _left_out(self, module: str) -> str:
        base = module.replace(".", "/")
        for name in (f"{base}.py", f"{base}/__init__.py", f"{base}.pyc", f"{base}/__init__.pyc"):
            if name not in self._folder.left_out:
                continue
            if name.endswith(".pyc"):
                return f"but only the compiled file {name} is there, which the layer leaves out; add the source"
            top = name.partition("/")[0]
            what = f"{top}/" if "/" in name else top
            return (
                f"but the layer leaves out {what} at the folder's top, as tests; move what the logic needs to a module "
                "of another name"
            )
        if any(name.startswith(f"{base}/") for name in self._folder.left_out) and self._folder.find(module) is None:
            return f"but the layer leaves out {base}/; move what the logic needs to a module of another name"
        return ""

    def _missing(self, module: str) -> str:
        base = module.replace(".", "/")
        top = module.partition(".")[0]
        for root in runtime.LAYER_ROOTS:
            for name in (f"{root}{base}.py", f"{root}{base}/__init__.py"):
                other = next((each for each in self._folder.files if each.lower() == name.lower()), None)
                if other is not None:
                    meant = self._folder.module_of(other)
                    return f"but the file is {other}: in the function, upper and lower case differ; import {meant}"
            parent, _, stem = f"{root}{base}".rpartition("/")
            for each in self._folder.files:
                folder, _, file = each.rpartition("/")
                match = COMPILED.fullmatch(file)
                if folder == parent and match and match["stem"] == stem:
                    return f"but {each} is not compiled for the function {_REPORTED}"
        if top == "cp_event_source":
            return (
                "which the function does not have; import it only under `if TYPE_CHECKING:`, or not at all in the layer"
            )
        if "." in module and self._folder.find(module.rpartition(".")[0]) is not None:
            parent = module.rpartition(".")[0]
            return f"but the folder's {parent} has no module {module.rpartition('.')[2]}; add it, or correct the name"
        close = get_close_matches(top, [*self._folder.top_level()], 1, 0.75) or get_close_matches(
            top, runtime.STANDARD_LIBRARY, 1, 0.8
        )
        hint = f"write {close[0]}, or " if close else ""
        return (
            f"but {top} is neither in the folder nor in Python {runtime.VERSION} nor in Lambda's runtime; {hint}"
            f"install it into the folder: pip install --target {self._folder.path.name or '.'} ..."
        )

    def _name(self, module: str, name: str, file: SourceFile, line: int) -> Iterator[_Failure]:
        """Why `from module import name` fails, where the module is in the folder."""
        located = self._folder.find(module)
        if located is None or (_elsewhere(module.partition(".")[0]) and located.kind is Kind.NAMESPACE):
            return
        if module.partition(".")[0] in runtime.FIRST | {runtime.FUNCTIONS_PACKAGE}:
            return
        submodule = f"{module}.{name}"
        theirs = self._sources.file(located.name) if located.kind is Kind.SOURCE else None
        # In a package, `from . import name` binds the name by loading the module.
        loads_it = ImportedName(module, name)
        if theirs is not None and (
            any(each != loads_it for each in theirs.scope.names.get(name, ()))
            or name == "*"
            or name in _MODULE_ATTRIBUTES
        ):
            return
        if located.is_package and self._folder.find(submodule) is not None:
            yield from self._module(submodule, file, line)
            return
        if located.kind is Kind.SOURCE and (theirs is None or theirs.foreign or theirs.is_dynamic):
            return  # it cannot be known
        if located.kind is Kind.COMPILED:
            return
        if theirs is not None:
            for star in theirs.stars:
                other = self._sources.module(star)
                if other is None or other.is_dynamic or other.stars or name in other.scope.names:
                    return
        if located.is_package and (why := self._left_out(submodule)):
            yield _Failure("name", submodule, Finding(f"imports {submodule}, {why}", file.name, line))
            return
        known = [*theirs.scope.names] if theirs is not None else []
        close = get_close_matches(name, known, 1)
        yield _Failure(
            "name",
            submodule,
            Finding(
                f"imports {name} from {module}, but {located.name} does not define it; "
                f"{f'write {close[0]}' if close else 'define it there, or correct the name'}",
                file.name,
                line,
            ),
        )

    def _relative(self, written: str, statement: ast.ImportFrom, file: SourceFile) -> Finding:
        names = ", ".join(each.name for each in statement.names)
        remedy = f"from {statement.module} import {names}" if statement.module else f"import {names}"
        if "." in file.module or file.is_package:
            return Finding(
                f"imports from {written}, which is above the package {file.module.partition('.')[0]}; write {remedy}",
                file.name,
                statement.lineno,
            )
        return Finding(
            f"imports from {written}, but the function loads {file.name} as a module of its own, in no package; write "
            f"{remedy}",
            file.name,
            statement.lineno,
        )


_REPLACEMENTS: Final = {
    "distutils": "write it without distutils; shutil, sysconfig and packaging have most of it",
    "imp": "use importlib",
    "asyncore": "use asyncio",
    "asynchat": "use asyncio",
    "cgi": "use urllib.parse and email.message",
    "pipes": "use shlex and subprocess",
    "crypt": "use hashlib",
}


def _elsewhere(top: str) -> bool:
    """Whether a regular module of this name comes from Python or the runtime, before a folder without code."""
    return top in runtime.STANDARD_LIBRARY or top in runtime.RUNTIME_PACKAGES


def _names_of(caught: ast.expr | None, file: SourceFile) -> list[str]:
    match caught:
        case None:
            return ["BaseException"]
        case ast.Tuple(elts=elements):
            return [full_name(each, file.full_names) for each in elements]
        case _:
            return [full_name(caught, file.full_names)]


def _raises(body: list[ast.stmt], file: SourceFile) -> bool:
    """Whether a handler ends in an exception, so that the import fails after all."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _raises(last.body, file) and _raises(last.orelse, file)
    return isinstance(last, ast.Raise) or (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Call)
        and full_name(last.value.func, file.full_names) in {"sys.exit", "exit", "quit", "os._exit"}
    )
