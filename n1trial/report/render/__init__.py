"""Pages and lines made of what a report says: HTML, plain text, terminal, plan and cohort."""
