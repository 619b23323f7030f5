"""The default rule: when a run has settled, what it looks like, and the guards that keep it going."""
