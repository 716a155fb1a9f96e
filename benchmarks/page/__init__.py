"""The report as a page: one file, whose tables and charts come from all records.

Read `contents.py` first, which gathers what every experiment shows; `html_page.py` writes it.
"""
