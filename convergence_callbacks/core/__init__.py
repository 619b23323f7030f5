"""The core: from an observation to a decision, in numpy and the standard library."""
