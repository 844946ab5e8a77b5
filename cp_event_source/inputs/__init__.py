"""The inputs of the component, their defaults and limits, and the check of each. Registers nothing."""
