"""What was fitted to recorded trainings: for each model the features it reads, the model, and its trees as data."""
