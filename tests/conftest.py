"""Of all tests: moto first. A botocore session knows it only if it was imported before the session was made, and the
functions' session is made when their clients' module is imported."""

from moto import mock_aws as mock_aws
