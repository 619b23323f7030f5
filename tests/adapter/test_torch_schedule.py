"""The rates to come are those that PyTorch's schedulers will set, found without touching them."""

import math

import pytest

torch = pytest.importorskip("torch", reason="needs pip install 'convergence-callbacks[lightning]'")
from torch.optim import lr_scheduler as schedulers

from convergence_callbacks.adapter.torch_schedule import rates_to_come

EPOCHS = 20

MAKE = {
    "step": lambda o: schedulers.StepLR(o, 5, 0.1),
    "multistep": lambda o: schedulers.MultiStepLR(o, [3, 11]),
    "cosine": lambda o: schedulers.CosineAnnealingLR(o, EPOCHS),
    "restarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 5),
    "one cycle": lambda o: schedulers.OneCycleLR(o, 0.5, total_steps=EPOCHS),
    "lambda": lambda o: schedulers.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "warm-up, then cosine": lambda o: schedulers.SequentialLR(
        o, [schedulers.LinearLR(o, 0.1, total_iters=4), schedulers.CosineAnnealingLR(o, 16)], milestones=[4]
    ),
}


def optimiser():
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(3))], lr=0.2, momentum=0.9)


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step\\(\\)`:UserWarning")
def test_the_rates_are_those_of_the_training_and_the_scheduler_is_untouched(name):
    real = optimiser()
    scheduler = MAKE[name](real)
    expected = rates_to_come(scheduler, epochs=EPOCHS, steps_per_epoch=1)
    seen = []
    for _ in range(EPOCHS):
        seen.append(real.param_groups[0]["lr"])
        real.step()
        scheduler.step()
    assert expected == pytest.approx(seen)


def test_steps_within_an_epoch_are_run_ahead():
    scheduler = schedulers.ExponentialLR(optimiser(), 0.5)
    assert rates_to_come(scheduler, epochs=3, steps_per_epoch=2) == pytest.approx([0.2, 0.05, 0.0125])


def test_on_resume_the_rates_begin_with_the_epoch_that_comes_next():
    real = optimiser()
    scheduler = schedulers.StepLR(real, 2, 0.1)
    for _ in range(3):
        real.step()
        scheduler.step()
    assert rates_to_come(scheduler, epochs=6, steps_per_epoch=1, first_epoch=3) == pytest.approx(
        [0.02] * 4 + [0.002] * 2
    )


def test_neither_weights_nor_rate_nor_momentum_are_touched():
    real = optimiser()
    scheduler = schedulers.OneCycleLR(real, 0.5, total_steps=EPOCHS)
    before = {name: value for name, value in real.param_groups[0].items() if name != "params"}, scheduler.state_dict()
    assert rates_to_come(scheduler, epochs=EPOCHS, steps_per_epoch=1) is not None
    after = {name: value for name, value in real.param_groups[0].items() if name != "params"}, scheduler.state_dict()
    assert before[0] == after[0] and before[1]["last_epoch"] == after[1]["last_epoch"]
    assert torch.equal(real.param_groups[0]["params"][0], torch.ones(3))


def test_what_can_not_be_known_is_none():
    plateau = schedulers.ReduceLROnPlateau(optimiser())
    assert rates_to_come(plateau, epochs=5, steps_per_epoch=1) is None
    scheduler = schedulers.StepLR(optimiser(), 5)
    assert rates_to_come(scheduler, epochs=10_000, steps_per_epoch=10_000) is None
    assert math.isclose(rates_to_come(scheduler, epochs=1, steps_per_epoch=1)[0], 0.2)
