"""The model of where a loss is going."""
