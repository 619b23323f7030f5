"""Numbers in, words out: the one voice in which decisions, forecasts and settings are reported.

To change how a verdict is reported, change the file of its name. Every number is written by `numbers`.
"""

from convergence_callbacks.telling.criteria import describe
from convergence_callbacks.telling.decision import Words, words_of

__all__ = ["Words", "describe", "words_of"]
