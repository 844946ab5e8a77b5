"""Of all tests.

Moto first: a botocore session knows it only if it was imported before the session was made, and the functions' session
is made when their clients' module is imported.
"""

from hypothesis import settings
from moto import mock_aws as mock_aws

# a slow machine is no defect: what a test asserts never depends on time
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
