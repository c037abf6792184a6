"""Reader of `about.yaml`, the person's own answers for the checklists CENT 2015 and SPENT 2019; optional."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from n1trial.errors import FolderError
from n1trial.report.content.cent_checklist import ASKED
from n1trial.trial_folder.printouts.spent_checklist import SAID

# The keys of both checklists.
KNOWN = tuple(dict.fromkeys([*ASKED, *SAID]))


def read_about(path: Path) -> dict[str, str]:
    """Answers by key of `cent_checklist.ASKED` and `spent_checklist.SAID`; empty where there is no file.

    Raises
    ------
    FolderError
        Not YAML, an unknown name, or an answer that is no text.
    """
    if not path.is_file():
        return {}
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, MarkedYAMLError) as error:
        reason = str(error).splitlines()[0]
        raise FolderError(
            f"{path.name}: cannot be read ({reason}): write lines such as funding: none"
        ) from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise FolderError(f"{path.name}: no names and answers inside: write lines such as funding: none")
    for name, answer in document.items():
        if name not in KNOWN:
            raise FolderError(
                f"{path.name}: nothing asks for {str(name)[:40]!r}: choose from {', '.join(KNOWN)}"
            )
        if not isinstance(answer, str):
            raise FolderError(f"{path.name}: {name} is no text ({answer!r}): write it as words")
    return {name: answer.strip() for name, answer in document.items()}
