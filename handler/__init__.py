"""The code of the two Lambda functions, in rooms. Each room imports only those above it in this list.

- `values`: exact JSON, numbers, attribute values, and the time.
- `events`: the contract of a domain event, its stored form, its place in an object's history.
- `domain`: the author's contract, the loading of domain logic, the fold.
- `projection`: stored events into domain rows, and rebuilds. Pure but for its ports (`projection.stores`).
- `aws`: clients, settings, tables, queues, logs, metrics and traces. Only this room knows botocore.

Above the rooms are the edges, `persist`, `project` and `rebuild_requests`, and Lambda's two entry points,
`persist_function` and `project_function`.
"""
