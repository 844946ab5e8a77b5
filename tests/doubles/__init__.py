"""AWS in memory, as AWS documents it: tables, queues and Lambda's event-source mappings, exact and fast.

What a double does not know it refuses with `NotImplementedError`, so that no test passes on a guess. "AWS says" names
the page of AWS's documentation; "simplified" says what is left out.
"""
