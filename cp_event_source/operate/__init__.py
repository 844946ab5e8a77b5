"""The commands for operators of a deployed pipeline.

Needs the extra: pip install 'cp-event-source[operate]'.
"""
