"""Values: exact JSON, exact numbers, DynamoDB attribute values, and the time."""
