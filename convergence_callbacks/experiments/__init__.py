"""What is tried in order to know more than a curve shows: other learning rates, other seeds."""
