"""The domain logic layer: which files of a folder make it, and the check of its contract by reading them."""
