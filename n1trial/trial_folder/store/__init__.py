"""What a trial's folder keeps on disk: the folder, its database and log, and the exports that were imported."""

from n1trial.trial_folder.store.exports import (
    add_episodes,
    forget_export,
    imported_before,
    imports_of,
    stored_episodes,
)
from n1trial.trial_folder.store.fingerprint import fingerprint
from n1trial.trial_folder.store.folder import (
    BEDTIME,
    TrialFolder,
    open_folder,
    original_text,
    read_log,
    with_key,
)
from n1trial.trial_folder.store.new_folder import create_folder
from n1trial.trial_folder.store.records import Imported, KeptImport
from n1trial.trial_folder.store.stored import StoredTrial, read_stored
from n1trial.trial_folder.store.writer import Changes, Writer, append_log, commit, writing

__all__ = [
    "BEDTIME",
    "Changes",
    "Imported",
    "KeptImport",
    "StoredTrial",
    "TrialFolder",
    "Writer",
    "add_episodes",
    "append_log",
    "commit",
    "create_folder",
    "fingerprint",
    "forget_export",
    "imported_before",
    "imports_of",
    "open_folder",
    "original_text",
    "read_log",
    "read_stored",
    "stored_episodes",
    "with_key",
    "writing",
]
