"""Random histories of the whole pipeline: the functions' real code, from the ingest queue to the rows.

Everything that AWS and people may do can happen at any moment, between any two storage calls of the functions.
"""
