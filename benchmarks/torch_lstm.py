"""The training of the text model in PyTorch, written as usual."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn


class NextChar(nn.Module):
    """Stacked LSTM layers and a linear layer, from one-hot windows to logits."""

    def __init__(self, characters: int, units: int, layers: int):
        super().__init__()
        self.lstm = nn.LSTM(characters, units, layers, batch_first=True)
        self.dense = nn.Linear(units, characters)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Map windows [batch, length, characters] to logits [batch, characters]."""
        outputs, _ = self.lstm(windows)
        return self.dense(outputs[:, -1])


def training(batches: list[np.ndarray], characters: int, units: int, layers: int) -> Callable:
    """Return a function that trains a step on each batch of windows, int32 [batch, length + 1]."""
    model = NextChar(characters, units, layers)
    optimizer = torch.optim.RMSprop(model.parameters(), 0.01)
    cross_entropy = nn.CrossEntropyLoss()

    def run() -> None:
        for batch in batches:
            windows = torch.from_numpy(batch).long()
            inputs = nn.functional.one_hot(windows[:, :-1], characters).float()
            loss = cross_entropy(model(inputs), windows[:, -1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()

    return run
