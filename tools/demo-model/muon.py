"""Muon for the matrices of a network's layers (Jordan et al. 2024): momentum whose directions are all made equally long.

torch's own works in bfloat16, which CPUs without AVX-512 emulate; this one stays in float32 and does matrices of one shape together.
"""

import torch

# Newton-Schulz polynomial of the reference implementation; five rounds bring singular values between about 0.7 and 1.2
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5


def orthogonal(g: torch.Tensor) -> torch.Tensor:
    """[M, rows, columns] with the singular values of each matrix brought near 1."""
    tall = g.shape[1] > g.shape[2]
    x = g.transpose(1, 2) if tall else g
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Steps are three times the size that AdamW's would have at the same learning rate (0.2 in Liu et al. 2025): reading was learnt sooner."""

    def __init__(self, groups, lr: float = 1e-3, momentum: float = 0.95, weight_decay: float = 0.05):
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        assert closure is None
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[torch.Tensor]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault(p.shape, []).append(p)
            for shape, parameters in by_shape.items():
                self._step_together(group, shape, parameters)

    def _step_together(self, group: dict, shape: torch.Size, parameters: list[torch.Tensor]) -> None:
        directions = []
        for p in parameters:
            momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
            momentum.lerp_(p.grad, 1 - group["momentum"])
            directions.append(p.grad.lerp(momentum, group["momentum"]))
        length = group["lr"] * 0.6 * max(shape) ** 0.5
        for p, direction in zip(parameters, orthogonal(torch.stack(directions))):
            p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(direction, alpha=length)
