"""Trains small real models to their full budget and keeps their learning curves."""
