"""What the two functions cost: calls, capacity units, CPU time, memory and start, measured on the tests' doubles.

`python -m bench` prints it all; `docs/performance.md` says how to read it. A module here is one section of the report,
or what several share. Counts are exact and the same on every machine; they are checked against the guarantees. Times
are CPU time, the best of many runs, and never checked.
"""
