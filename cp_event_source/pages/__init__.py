"""What prints pages and files for people and other programs: compliance, costs, the JSON Schema. Needs no Pulumi."""
