"""The checks of a layer. Each raises AssertionError with what was found and what to do."""
