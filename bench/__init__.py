"""What the two functions cost: calls, capacity units, CPU time, memory and start, measured on the tests' doubles.

`python -m bench` prints the report. `docs/performance.md` says how to read it. Each module here is one section of the
report, or code that several sections share. Counts are exact and the same on every machine, and the report checks them
against the guarantees. Times are CPU time, the best of many runs, and are never checked.
"""
