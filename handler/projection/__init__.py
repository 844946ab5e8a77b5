"""The projection: it turns stored events into domain rows, in whatever order and how often they are delivered."""
