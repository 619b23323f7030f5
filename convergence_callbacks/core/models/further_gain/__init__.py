"""The model of what more epochs can still gain."""
