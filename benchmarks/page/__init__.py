"""The report's page: which tables and charts there are, and one file of HTML made of them.

Read `contents.py` first.
"""
