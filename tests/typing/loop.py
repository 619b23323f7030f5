"""A loop as a user writes it; checked by mypy and pyright, and run where nothing but the package is installed."""

from convergence_callbacks import Decision, GeneralizationLoss, Monitor, Observation, Patience, TargetLoss, Verdict


def train(monitor: Monitor, epochs: int) -> Decision | None:
    """Losses that fall and level off."""
    decision: Decision | None = None
    for epoch in range(epochs):
        decision = monitor.update(train_loss=0.8**epoch, val_loss=0.1 + 0.8**epoch, lr=0.1)
        if decision.stop:
            break
    return decision


def main() -> None:
    """The default rule, one of the user's own, and a state that is restored."""
    found = train(Monitor(max_epochs=200), 200)
    assert found is not None and found.verdict is Verdict.CONVERGED and found.step < 199
    best: float | None = found.best_value
    evidence: dict[str, float] = dict(found.evidence)
    print(found, best, sorted(evidence))

    own = Monitor(criteria=Patience(3) | GeneralizationLoss(5.0) & TargetLoss(0.2), stop_on=["converged"], mode="min")
    own.observe(Observation(step=0, val_loss=1.0))
    again = Monitor(criteria=Patience(3))
    again.load_state_dict(own.state_dict())
    assert again.decision is not None and again.decision.step == 0


if __name__ == "__main__":
    main()
