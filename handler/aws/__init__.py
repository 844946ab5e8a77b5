"""AWS: clients, settings, tables, queues, logs, metrics and traces. Only this room imports botocore."""
