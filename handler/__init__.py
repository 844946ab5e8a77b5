"""The code of the component's two Lambda functions.

The core (`domain_event`, `event_time`, `stored_event`, `exact_json`, `attribute_value`, `fold`, ...) is pure: it
knows neither AWS nor the environment. The edge (`events_table`, `domain_table`, `queues`, ...) holds no
rules. The entry points `persist_function` and `project_function` tie them together.
"""
