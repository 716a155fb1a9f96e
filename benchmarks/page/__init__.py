"""The report as a page: `contents.py` gathers what every experiment shows, `html_page.py` writes it into one file."""
