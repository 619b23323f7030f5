"""Five trainings that end in five ways, in two frameworks. ``python -m demo`` runs them all."""
