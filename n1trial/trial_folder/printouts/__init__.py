"""What is printed or put into a calendar: dosing sheet, packing list, labels, envelopes, protocol document."""

from n1trial.trial_folder.printouts.calendar import calendar_ics
from n1trial.trial_folder.printouts.document import document_html
from n1trial.trial_folder.printouts.packing import envelopes_html, labels_html, packing_html
from n1trial.trial_folder.printouts.sheet import sheet_html

__all__ = [
    "calendar_ics",
    "document_html",
    "envelopes_html",
    "labels_html",
    "packing_html",
    "sheet_html",
]
