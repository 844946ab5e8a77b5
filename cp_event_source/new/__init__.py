"""Writes a new project: a program, domain logic, its tests and sample events. Imports no Pulumi, boto3 or rich."""
