"""The bounded learning curve, and what is read from it once an epoch."""
