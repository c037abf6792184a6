"""What a report says, gathered before any page is made: answers, tables, figures, methods."""
