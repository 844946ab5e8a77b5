"""Histories of the whole pipeline: the functions' real code, from the ingest queue to the rows.

Everything that AWS and people may do happens at any moment, between any two of the functions' storage calls.
"""
