"""Where a training is going: the loss to come, the epochs that are left, and how fast the loss converges."""
