"""The command line: `cp-event-source`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from .version import VERSION

_LOCAL_EXTRA: Final = ("boto3", "botocore", "ministack", "rich")
_OPERATE_EXTRA: Final = ("boto3", "botocore", "rich", "typer")

OPERATORS_COMMANDS: Final = {
    "dead-letters": "list, send back, correct and export what could not be stored or projected",
    "erase": "erase events, and rebuild their objects without them",
    "events": "show events of all domain objects",
    "export": "write stored events to a file",
    "heal": "fold parked domain objects again with the deployed logic",
    "history": "show the events of a domain object",
    "import": "append the events of files",
    "parked": "show which domain objects are parked, and why",
    "rebuild": "fold domain objects again, or show what that would change",
    "restore": "bring events back from a copy of the table",
    "state": "show the row of a domain object, or its state at an earlier time",
    "status": "show on one screen whether a pipeline flows, what needs attention, and what a day costs",
    "verify": "compare rows with the stored events",
}
"""The commands that work on a deployed pipeline, with their help. They have a parser of their own."""

_LOCAL: Final = """\
Run Pulumi programs on this machine, without an AWS account: start an AWS emulator, create what the programs
declare in it, send events, wait until all are stored and projected, and show the tables.
"""

_LOCAL_EPILOG: Final = """\
examples:
  cp-event-source local examples/default --events examples/default/events.json
  cp-event-source local examples/default examples/consumer --events examples/default/events.json --keep
  cp-event-source local examples/default --events examples/default/events.json --watch

The programs run one after the other, in the stack "local"; a later one can read an earlier one's outputs through
a StackReference. Configuration comes from Pulumi.local.yaml, else Pulumi.dev.yaml, beside Pulumi.yaml.

exit codes: 0 every event sent is accounted for; 1 something failed (the message says what to do), or --strict or
--verify found something; 2 wrong usage.
"""

_NEW: Final = """\
Write a new project: domain logic with tests and sample events, and the Pulumi program that deploys it. It works as
it is: its tests pass, and a local run of it folds the sample events. Then replace the events and fields by your own.
"""

_NEW_EPILOG: Final = """\
examples:
  cp-event-source new my-files --domain File
  cp-event-source new my-orders --domain Order --event OrderPlaced --event OrderShipped --event OrderCancelled

exit codes: 0 the project is written; 1 it is not, and nothing is changed (the message says why); 2 wrong usage.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    Args:
        arguments: without the program's name; by default the process's own.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in OPERATORS_COMMANDS:
        return _operate(arguments)
    options = _parser().parse_args(arguments)
    exit_code: int = options.run(options)
    return exit_code


def _operate(arguments: Sequence[str]) -> int:
    try:
        commands = import_module("cp_event_source.operate.commands")
    except ModuleNotFoundError as error:
        return _missing(error, _OPERATE_EXTRA, "operate", "this command")
    exit_code: int = commands.main(arguments)
    return exit_code


def _missing(error: ModuleNotFoundError, libraries: Sequence[str], extra: str, what: str) -> int:
    """Report that an extra is not installed; raises the error if it is another module that is missing."""
    if (error.name or "").partition(".")[0] not in libraries:
        raise error
    return _failed(
        f"{error.name}: must be installed, since {what} needs more than a deployment; run:"
        f" pip install 'cp-event-source[{extra}]'"
    )


def _local(options: argparse.Namespace) -> int:
    try:
        command = import_module("cp_event_source.local.command")
    except ModuleNotFoundError as error:
        return _missing(error, _LOCAL_EXTRA, "local", "a local run")
    exit_code: int = command.run_command(
        command.Options(
            programs=options.programs,
            events=options.events,
            config=dict(options.config),
            keep=options.keep,
            patience=options.patience,
            watch=options.watch,
            json=options.json,
            strict=options.strict,
            verify=options.verify,
        )
    )
    return exit_code


def _new(options: argparse.Namespace) -> int:
    from .new.folder import NotWritten, write_new
    from .new.names import BadNames, names_of
    from .new.project import project_files, what_to_run

    try:
        names = names_of(options.domain, options.event)
        folder = options.folder.resolve()
        write_new(folder, project_files(names, folder.name))
    except (BadNames, NotWritten) as error:
        return _failed(str(error))
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(what_to_run(names, options.folder).encode(encoding, "backslashreplace").decode(encoding))
    return 0


def _check(options: argparse.Namespace) -> int:
    from .layer.command import check_folder

    return check_folder(options.folder, as_json=options.json)


def _compliance(_options: argparse.Namespace) -> int:
    from .pages.compliance import page

    sys.stdout.write(page(VERSION))
    return 0


def _costs(_options: argparse.Namespace) -> int:
    from .pages.costs.page import page

    sys.stdout.write(page())
    return 0


def _schema(options: argparse.Namespace) -> int:
    from .handler.events.domain_event import ContractViolation
    from .pages.contract_schema import schema_text

    try:
        sys.stdout.write(schema_text(options.domain_name))
    except ContractViolation as error:
        return _failed(str(error))
    return 0


def _package(options: argparse.Namespace) -> int:
    from .resources.code_archive import write_archive

    try:
        write_archive(options.file)
    except OSError as error:
        return _failed(f"{options.file}: cannot be written: {error.strerror}")
    return 0


def _failed(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201  # rich, which prints everything else, comes only with an extra
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cp-event-source", description="Event sourcing on AWS as one Pulumi component."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    local = commands.add_parser(
        "local",
        help="run Pulumi programs on this machine, without an AWS account",
        description=_LOCAL,
        epilog=_LOCAL_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    local.add_argument(
        "programs",
        nargs="+",
        type=Path,
        metavar="PROGRAM_DIR",
        help="folder of a Pulumi program in Python, TypeScript, YAML or Go, with its Pulumi.yaml",
    )
    local.add_argument(
        "--events",
        type=Path,
        metavar="FILE",
        help="events to send: a JSON array of domain events or of whole PutEvents entries, or a file of `export`",
    )
    local.add_argument(
        "--config",
        action="append",
        default=[],
        type=_setting,
        metavar="KEY=VALUE",
        help="set or override a program's configuration (may be repeated)",
    )
    local.add_argument(
        "--keep",
        action="store_true",
        help="keep everything up until Ctrl-C, and print how to look around; Enter deploys the programs again",
    )
    results = local.add_mutually_exclusive_group()
    results.add_argument(
        "--watch",
        action="store_true",
        help="keep everything up until Ctrl-C; deploy each saved change, rebuild, and show what it changes",
    )
    results.add_argument(
        "--json",
        action="store_true",
        help="print the result as one JSON document on the standard output, and everything else on the error output",
    )
    local.add_argument(
        "--strict",
        action="store_true",
        help="exit code 1 if an object is parked, an event waits or is quarantined, or a rebuild request failed",
    )
    local.add_argument(
        "--verify",
        action="store_true",
        help="compare every row with the fold of its stored events; exit code 1 if one differs",
    )
    local.add_argument(
        "--patience",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait without any change before giving up (default: 60)",
    )
    local.set_defaults(run=_local)

    new = commands.add_parser(
        "new",
        help="write a new project: domain logic, its tests, sample events and a Pulumi program",
        description=_NEW,
        epilog=_NEW_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    new.add_argument("folder", type=Path, metavar="FOLDER", help="folder to write; it must be new or empty")
    new.add_argument("--domain", required=True, metavar="NAME", help="the domain, such as File")
    new.add_argument(
        "--event",
        action="append",
        default=[],
        metavar="NAME",
        help="an event of the domain, such as FileUploaded (may be repeated); the first one creates an object;"
        " default: NAMECreated, NAMERenamed and NAMEClosed",
    )
    new.set_defaults(run=_new)

    check = commands.add_parser(
        "check",
        help="check a domain logic layer by reading it",
        description="Check the folder of a domain logic layer by reading it: its contract, what the functions can load,"
        " and what makes a row depend on anything but its events. Exit code 1 if there are errors.",
    )
    check.add_argument("folder", type=Path, metavar="FOLDER", help="folder that holds domain_handler.py")
    check.add_argument("--json", action="store_true", help="print a JSON array of findings")
    check.set_defaults(run=_check)

    compliance = commands.add_parser(
        "compliance",
        help="print which security controls this version satisfies",
        description="Print, as Markdown, which security controls this version satisfies and how, and which it does not"
        " satisfy and why.",
    )
    compliance.set_defaults(run=_compliance)

    costs = commands.add_parser(
        "costs",
        help="print what a pipeline costs",
        description="Print, as Markdown, what a pipeline costs a month, with the arithmetic.",
    )
    costs.set_defaults(run=_costs)

    schema = commands.add_parser(
        "schema",
        help="print the JSON Schema of a domain event",
        description="Print the contract of a domain event as a JSON Schema (draft 2020-12).",
    )
    schema.add_argument(
        "domain_name",
        nargs="?",
        metavar="DOMAIN_NAME",
        help="the pipeline's cp_domain_name, which the schema then pins; without it: the events of any domain",
    )
    schema.set_defaults(run=_schema)

    package = commands.add_parser(
        "package",
        help="write the functions' code as an archive to be signed",
        description="Write the functions' code as a zip archive to be signed. The same version gives the same bytes.",
    )
    package.add_argument("file", type=Path, metavar="FILE.zip", help="file to write; an existing file is overwritten")
    package.set_defaults(run=_package)

    for name, text in OPERATORS_COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"must be KEY=VALUE; got {text!r}")
    return key, value


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0; got {text!r}")
    return seconds
