"""The requirements that Security Hub maps its controls to: "Related requirements" in its user guide, on each
service's page.

Source: https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html, as of 2026.
Controls that are not in the table have no requirement, or none that could be looked up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Requirements:
    """By standard."""

    nist: tuple[str, ...] = ()
    """NIST SP 800-53 revision 5."""
    pci_dss: tuple[str, ...] = ()
    """PCI DSS 4.0.1."""
    cis: tuple[str, ...] = ()
    """CIS AWS Foundations Benchmark 5.0.0."""


_ENCRYPTED: Final = Requirements(nist=("CA-9(1)", "CM-3(6)", "SC-7(10)", "SC-13", "SC-28", "SC-28(1)", "SI-7(6)"))
_NOT_PUBLIC: Final = (
    *("AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "AC-21"),
    *("SC-7", "SC-7(3)", "SC-7(4)", "SC-7(9)", "SC-7(11)", "SC-7(16)", "SC-7(20)", "SC-7(21)"),
)
_KEY_OF_POLICIES: Final = Requirements(
    nist=("AC-2", "AC-2(1)", "AC-3", "AC-3(7)", "AC-3(15)", "AC-5", "AC-6", "AC-6(3)")
)

REQUIREMENTS: Final[Mapping[str, Requirements]] = {
    "CloudWatch.15": Requirements(
        nist=("AU-6(1)", "AU-6(5)", "CA-7", "IR-4(1)", "IR-4(5)", "SI-2", "SI-4(5)", "SI-4(12)", "SI-20")
    ),
    "CloudWatch.16": Requirements(nist=("AU-6(3)", "AU-6(4)", "AU-10", "AU-11", "CA-7", "SI-12")),
    "CloudWatch.17": Requirements(nist=("AU-6(1)", "AU-6(5)", "CA-7", "SI-2", "SI-4(12)")),
    "DynamoDB.1": Requirements(nist=("CP-2(2)", "CP-6(2)", "CP-10", "SC-5(2)", "SC-36", "SI-13(5)")),
    "DynamoDB.2": Requirements(nist=("CP-6(2)", "CP-9", "CP-10", "SC-5(2)", "SI-12", "SI-13(5)")),
    "DynamoDB.4": Requirements(nist=("CP-6", "CP-6(1)", "CP-6(2)", "CP-9", "CP-10", "SC-5(2)", "SI-12", "SI-13(5)")),
    "DynamoDB.6": Requirements(nist=("CA-9(1)", "CM-2", "CM-2(2)", "CM-3", "SC-5(2)")),
    "IAM.21": Requirements(
        nist=(
            *("AC-2", "AC-2(1)", "AC-3", "AC-3(7)", "AC-3(15)", "AC-5"),
            *("AC-6", "AC-6(2)", "AC-6(3)", "AC-6(10)"),
        )
    ),
    "KMS.1": _KEY_OF_POLICIES,
    "KMS.2": _KEY_OF_POLICIES,
    "KMS.3": Requirements(nist=("SC-12", "SC-12(2)")),
    "KMS.4": Requirements(nist=("SC-12", "SC-12(2)", "SC-28(3)"), pci_dss=("3.7.4",), cis=("3.6",)),
    "Lambda.1": Requirements(nist=_NOT_PUBLIC, pci_dss=("7.2.1",)),
    "Lambda.2": Requirements(nist=("CA-9(1)", "CM-2", "SI-2", "SI-2(2)", "SI-2(4)", "SI-2(5)"), pci_dss=("12.3.4",)),
    "Lambda.3": Requirements(nist=_NOT_PUBLIC),
    "Lambda.7": Requirements(nist=("CA-7",)),
    "SNS.1": _ENCRYPTED,
    "SQS.1": _ENCRYPTED,
}
