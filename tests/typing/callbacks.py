"""Callbacks as a user writes them; checked by mypy and pyright, not run."""

from convergence_callbacks import Decision, Observation, Patience
from convergence_callbacks.keras import ConvergenceStopping as ForKeras
from convergence_callbacks.lightning import ConvergenceStopping as ForLightning
from convergence_callbacks.sklearn import ConvergenceStopping as ForSklearn
from convergence_callbacks.torch import ConvergenceStopping as ForTorch


def report(observation: Observation, decision: Decision) -> None:
    """A listener."""
    print(observation.step, decision.verdict)


lightning = ForLightning(max_epochs=100, criteria=Patience(3), restore_best=True)
keras = ForKeras.from_yaml("convergence.yaml", min_epochs=3)
lightning.listeners.append(report)
keras.listeners.append(report)
stopped: int | None = lightning.stopped_epoch
history: list[Decision] = keras.history
loop: Decision = ForTorch(tolerance=0.02).update(train_loss=0.5, val_loss=0.4)
stages: Decision | None = ForSklearn().judge_stages(None, [], [], [], [])
