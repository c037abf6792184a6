"""The plan of a trial, read from YAML and refused if it should not be run."""

from n1trial.protocol.parts import (
    Arm,
    Contrast,
    Dose,
    Dosing,
    Looks,
    PermutedBlocks,
    PlannedOutcome,
    VerdictRule,
)
from n1trial.protocol.plan import Protocol
from n1trial.protocol.reading import (
    SCHEMA_FILE,
    protocol_dir,
    protocol_path,
    protocol_schema,
    read_protocol,
    template_names,
)

__all__ = [
    "SCHEMA_FILE",
    "Arm",
    "Contrast",
    "Dose",
    "Dosing",
    "Looks",
    "PermutedBlocks",
    "PlannedOutcome",
    "Protocol",
    "VerdictRule",
    "protocol_dir",
    "protocol_path",
    "protocol_schema",
    "read_protocol",
    "template_names",
]
