"""Where messages are printed."""

from __future__ import annotations

from typing import Any


def say(trainer: Any, text: object) -> None:
    """Print above the progress bar, on the first process only."""
    if trainer.is_global_zero:
        bar = trainer.progress_bar_callback
        (print if bar is None else bar.print)(str(text))
