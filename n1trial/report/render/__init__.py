"""Output formats: HTML pages, plain text and terminal lines of reports, plans and cohorts."""
