"""The effect report: one self-contained page that answers a tired person first and a statistician last."""

from n1trial.report.material import Material
from n1trial.report.page import render, write_report
from n1trial.report.sharing import shareable

__all__ = ["Material", "render", "shareable", "write_report"]
