"""The model of what a training looks like."""
