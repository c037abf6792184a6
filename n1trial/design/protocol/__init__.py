"""The plan of a trial, read from YAML and refused if it should not be run."""

from n1trial.design.protocol.arms import Arm, Dose, Dosing
from n1trial.design.protocol.parts import (
    RULE_TODAY,
    Cycle,
    FurtherContrast,
    Looks,
    PermutedBlocks,
    PlannedOutcome,
    Roster,
    VerdictRule,
)
from n1trial.design.protocol.protocol import Protocol
from n1trial.design.protocol.read import (
    SCHEMA_FILE,
    protocol_dir,
    protocol_path,
    protocol_schema,
    read_protocol,
    template_names,
)

__all__ = [
    "RULE_TODAY",
    "SCHEMA_FILE",
    "Arm",
    "Cycle",
    "Dose",
    "Dosing",
    "FurtherContrast",
    "Looks",
    "PermutedBlocks",
    "PlannedOutcome",
    "Protocol",
    "Roster",
    "VerdictRule",
    "protocol_dir",
    "protocol_path",
    "protocol_schema",
    "read_protocol",
    "template_names",
]
