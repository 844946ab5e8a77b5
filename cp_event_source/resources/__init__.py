"""What the component registers: one module for each kind of resource, in the order of the flow in `component`."""
