"""Domain events: their contract, their stored form, and sets of their keys."""
