"""De-identified copies of reports: names, dates and free text are replaced or left out."""
