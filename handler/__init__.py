"""The code of the two Lambda functions, in rooms. Each room imports only rooms above it in this list.

- `values`: exact JSON, numbers, attribute values, and the time.
- `events`: the contract of a domain event, its stored form, and its position in an object's history.
- `domain`: the contract with the author of domain logic, the loading of that logic, and the fold.
- `projection`: turns stored events into domain rows, and rebuilds rows. It has no side effects except through its ports
  (`projection.stores`).
- `aws`: clients, settings, tables, queues, logs, metrics and traces. Only this room imports botocore.

The edges `persist`, `project` and `rebuild_requests` use the rooms. Lambda's two entry points, `persist_function` and
`project_function`, use the edges.

Small values and the classes that hold a client are named tuples: Lambda defines them at each cold start, and a frozen
dataclass with slots takes half a millisecond, ten times as long.
"""
