"""How programs of each language run."""
