"""What `status` shows of a pipeline: `look` gathers a snapshot, `assess` decides what it means, `screen` and `document`
show both."""
