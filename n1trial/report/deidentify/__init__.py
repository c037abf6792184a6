"""A copy of a report to share: names, places and free text replaced or left out."""
