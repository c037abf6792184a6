"""The report of a trial: one self-contained page with the answer first and the methods last."""

from n1trial.report.content.inputs import Material
from n1trial.report.deidentify.copy import shareable
from n1trial.report.render.html_report import render, write_report

__all__ = ["Material", "render", "shareable", "write_report"]
