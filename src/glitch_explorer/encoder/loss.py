"""The contrastive loss of the training."""

import torch
from torch import Tensor
from torch.nn import functional


def supervised_contrastive(
    vectors: Tensor, labels: Tensor, views: Tensor, *, temperature: float, across: float
) -> Tensor:
    """Return the supervised contrastive loss, "out" form (Khosla et al. 2020, arXiv:2004.11362).

    Parameters
    ----------
    vectors
        float32 ``(n, d)`` of length 1.
    labels, views
        ``(n,)``: label of each view, and index of its length.
    temperature
        Temperature of the softmax.
    across
        Weight of a pair of different lengths; a pair of the same length has weight 1.

    Returns
    -------
    Tensor
        The mean over the views that have a partner.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    logits = (vectors @ vectors.T / temperature).masked_fill(itself, -torch.inf)
    log_share = functional.log_softmax(logits, dim=1).masked_fill(itself, 0.0)
    alike = (labels[:, None] == labels) & ~itself
    weight = alike * torch.where(views[:, None] == views, 1.0, across)
    total = weight.sum(1)
    partnered = total > 0
    return -((weight * log_share).sum(1)[partnered] / total[partnered]).mean()
