"""What a trial's folder keeps on disk: the folder, its database and log, and the exports that were imported."""

from n1trial.trial_folder.store.exports import (
    add_episodes,
    forget_export,
    imported_before,
    imports_of,
    outdated_exports,
    stored_episodes,
)
from n1trial.trial_folder.store.fingerprint import fingerprint
from n1trial.trial_folder.store.folder import (
    BEDTIME,
    TrialFolder,
    Writer,
    append_log,
    open_folder,
    original_text,
    read_log,
    with_key,
    writing,
)
from n1trial.trial_folder.store.new_folder import create_folder
from n1trial.trial_folder.store.records import Imported, KeptImport

__all__ = [
    "BEDTIME",
    "Imported",
    "KeptImport",
    "TrialFolder",
    "Writer",
    "add_episodes",
    "append_log",
    "create_folder",
    "fingerprint",
    "forget_export",
    "imported_before",
    "imports_of",
    "open_folder",
    "original_text",
    "outdated_exports",
    "read_log",
    "stored_episodes",
    "with_key",
    "writing",
]
