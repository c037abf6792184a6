"""Text made safe to show, page templates, the colours of a page, and cards for notebooks."""
