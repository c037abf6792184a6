"""Text made safe to show, for the rooms of the report."""

from n1trial.text import capitalised, shortened, visible

__all__ = ["capitalised", "shortened", "visible"]
