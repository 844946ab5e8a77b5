"""Values: exact JSON, numbers, attribute values of DynamoDB, and the time."""
