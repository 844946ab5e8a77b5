"""A program with two components: events move from the first one to the second one, which has another domain."""

from pathlib import Path
from typing import Final

PROGRAM: Final = """\
import pulumi
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir="{layer}"))
for name, domain in (("files", "File"), ("documents", "Document")):
    source = CpEventSource(name, CpEventSourceArgs(cp_domain_name=domain, cp_domain_logic_layer=layer.arn))
    source.export_outputs(name + "_")
"""


def write_program(folder: Path, layer: Path) -> Path:
    """Write the program into a new folder; returns that."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: two\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM.format(layer=layer))
    return folder
