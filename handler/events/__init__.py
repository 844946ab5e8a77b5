"""Domain events: their contract, their stored form, and which of them a set holds."""
