"""Figures from groups of records: the modules here decide what is drawn, matplotlib draws it."""
