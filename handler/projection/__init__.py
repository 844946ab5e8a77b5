"""The projection: stored events into domain rows, whatever the order and repetition of delivery."""
