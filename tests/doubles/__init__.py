"""AWS in memory, as AWS documents it: tables, queues and Lambda's event-source mappings, exact and fast.

A double raises `NotImplementedError` for what it does not know, so that no test passes on a guess. "AWS says" names the
page of AWS's documentation. "Simplified" says what is left out.
"""
