"""Records trainings of small real models to their full budget, and says what was wrong with each."""
