"""Side by side: this project, three libraries and a handler without guards, on one endpoint that counts.

`make bench-peers` runs it. Each of them is a driver: a program in its own language and its own environment, which does
what it is told on its standard input (`driver.py`, `drivers/`) and measures its own CPU time. All drivers use the same
double of DynamoDB through TLS (`dynamodb.py`, `bench.endpoint`), which counts their calls and units.
"""
