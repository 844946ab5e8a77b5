"""Settings of all handler tests."""

from hypothesis import settings

# a slow machine is no defect: what a test asserts never depends on time
settings.register_profile("handler", deadline=None)
settings.load_profile("handler")
