"""The code of the component's two Lambda functions.

The core (`domain_event`, `event_time`, `event_key`, `exact_json`, `attribute_value`, `fold`, ...) is pure: it
knows neither AWS nor the environment. The edge (`events_table`, `domain_table`, `dead_letters`, ...) holds no
rules. The entry points `persist_function` and `project_function` tie them together.
"""
