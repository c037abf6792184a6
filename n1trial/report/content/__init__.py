"""The content of a report, independent of its format: answers, tables, figures, methods."""
