"""The domain: the contract with its author, the loading of domain logic, and the fold."""
