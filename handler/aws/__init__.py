"""AWS: clients, settings, tables, queues, logs, metrics and traces. Only here is botocore known."""
