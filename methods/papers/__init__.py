"""The settings and results that papers print, row by row, as fields of the methods here.

This is data: only experiments and tests import it.
"""
