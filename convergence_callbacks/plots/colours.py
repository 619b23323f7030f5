"""The colours, where the pictures look for them."""

from convergence_callbacks.colours import FAINT, INK, OF_VERDICT, ON_VERDICT, TRAIN, VALIDATION

__all__ = ["FAINT", "INK", "OF_VERDICT", "ON_VERDICT", "TRAIN", "VALIDATION"]
