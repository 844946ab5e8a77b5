"""The compared programs. Each runs in a process of its own and obeys lines of JSON on its standard input."""
