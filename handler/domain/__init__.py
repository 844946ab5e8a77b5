"""The domain: the author's contract, the loading of domain logic, and the fold."""
