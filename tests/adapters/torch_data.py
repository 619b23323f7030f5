"""What the trainings of the PyTorch family share."""

import numpy as np
import torch


def loader():
    data = torch.randn(16, 4, generator=torch.Generator().manual_seed(0))
    return torch.utils.data.DataLoader(data, batch_size=8)


def model():
    torch.manual_seed(0)
    return torch.nn.Linear(4, 1)


def weights(model) -> np.ndarray:
    """All weights in one array."""
    return np.concatenate([value.detach().cpu().numpy().ravel() for value in model.parameters()])


def train_epoch(model, optimizer, batches, backward=lambda loss: loss.backward()) -> float:
    """One epoch; its mean loss."""
    losses = []
    for batch in batches:
        loss = model(batch).pow(2).mean()
        optimizer.zero_grad()
        backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)
