"""Learning rates of PyTorch that are changed in the middle of a training, with all that schedulers make of them."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch")

from convergence_callbacks.adapter.torch_rate import scale_rate

SCHEDULERS = {
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 3, gamma=0.5),
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 12, eta_min=1e-4),
    "restarts": lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 4),
    "function": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "one cycle": lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=14, cycle_momentum=False),
    "cyclic": lambda o: torch.optim.lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3, cycle_momentum=False),
    "warm-up first": lambda o: torch.optim.lr_scheduler.SequentialLR(
        o,
        [torch.optim.lr_scheduler.LinearLR(o, 0.1, total_iters=4), torch.optim.lr_scheduler.ExponentialLR(o, 0.9)],
        milestones=[6],
    ),
    "none": lambda o: None,
}


def rates(make, raised_at=None):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler, seen = make(optimizer), []
    for epoch in range(12):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if epoch == raised_at:
            scale_rate([optimizer], [scheduler] if scheduler else [], 10.0)
        if scheduler:
            scheduler.step()
    return seen


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_rate_to_come_is_multiplied(name):
    plain, raised = rates(SCHEDULERS[name]), rates(SCHEDULERS[name], raised_at=4)
    assert raised[:5] == plain[:5]
    assert raised[5:] == pytest.approx([10 * rate for rate in plain[5:]])
