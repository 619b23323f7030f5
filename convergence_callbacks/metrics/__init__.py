"""What a logged name means: on which data, what it measures, and which way it improves."""

from convergence_callbacks.metrics.direction import Mode, direction_of
from convergence_callbacks.metrics.meaning import Direction, Meaning, meaning

__all__ = ["Direction", "Meaning", "Mode", "direction_of", "meaning"]
