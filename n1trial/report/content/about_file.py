"""`about.yaml`: what only the person can say about a trial, for the lists of CENT 2015 and SPENT 2019; optional."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from n1trial.errors import FolderError
from n1trial.report.content.cent_checklist import ASKED
from n1trial.trial_folder.printouts.spent_checklist import SAID

# Of the report's account and of the document's.
KNOWN = tuple(dict.fromkeys([*ASKED, *SAID]))


def read_about(path: Path) -> dict[str, str]:
    """What was answered, by the names of `cent.ASKED` and `spent.SAID`; nothing where there is no file.

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
        said = str(error).splitlines()[0]
        raise FolderError(
            f"{path.name}: cannot be read ({said}): write lines such as funding: none"
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
