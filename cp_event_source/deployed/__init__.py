"""A deployed pipeline, seen from outside: what the local run and the operators' commands stand on."""
