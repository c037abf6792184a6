"""The files of one edition of a report: the page, copies on request, and its line in the log."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from n1trial.report.content.answers import edition_line
from n1trial.report.content.inputs import Material
from n1trial.report.deidentify.copy import shareable
from n1trial.report.render.html_report import render
from n1trial.report.render.text_report import plain_text
from n1trial.system.files import write_whole
from n1trial.trial_folder.store.log import LogLine
from n1trial.trial_folder.store.log_events import SHORT, Event, Reported

type Copy = Literal["text", "share", "share with nights"]
TEXT_NAME, SHARE_NAME = "report.txt", "report-to-share.html"


def write_edition(page: Path, material: Material, copies: Collection[Copy] = ()) -> list[Path]:
    """Write the page and, beside it, the requested copies; an earlier edition is replaced.

    Parameters
    ----------
    page
        The file of the page.
    material
        The inputs of the report.
    copies
        Plain text, or a de-identified page without or with single nights.

    Returns
    -------
    The written files, the page first.
    """
    files = {
        page.with_name(name): text for name, text in edition_files(material, copies, page=page.name).items()
    }
    for path, text in files.items():
        write_whole(path, text)
    return list(files)


def edition_files(material: Material, copies: Collection[Copy] = (), *, page: str) -> dict[str, str]:
    """What `write_edition` writes, by the name of the file, the page first."""
    files = {page: render(material)}
    if "text" in copies:
        files[TEXT_NAME] = plain_text(material)
    if {"share", "share with nights"} & {*copies}:
        files[SHARE_NAME] = render(shareable(material, with_nights="share with nights" in copies))
    return files


def edition_event(material: Material) -> Reported:
    """What the log keeps of an edition: the digest of its nights, and its answer."""
    return Reported(nights_sha256=material.data.sha256[:SHORT], answer=edition_line(material))


def with_earlier(material: Material, log: Iterable[LogLine[Event]]) -> Material:
    """The inputs with the answers of earlier editions, the last one of every other set of nights."""
    answers: dict[str, str] = {}
    for line in log:
        edition = line.event
        if not isinstance(edition, Reported) or edition.nights_sha256 == material.data.sha256[:SHORT]:
            continue
        if edition.answer:
            answers.pop(edition.nights_sha256, None)
            answers[edition.nights_sha256] = f"{line.day}: {edition.answer}"
    return replace(material, earlier=tuple(answers.values()))
