"""The contrastive loss of the bi-encoder: a pure function of scores and of what is known of them."""

import torch.nn.functional as F
from torch import Tensor


def info_nce(scores: Tensor, positive: Tensor, ignored: Tensor) -> Tensor:
    """InfoNCE (van den Oord et al. 2018, arXiv 1807.03748) where a row may have several positives, or none.

    Of each positive p of a row `−log(exp s_p / (exp s_p + Σ_n exp s_n))`, n the row's negatives: everything that is
    neither positive nor ignored. Averaged over a row's positives, then over the rows that have both; 0 with none.

    Args:
        scores: [rows, columns], cosines divided by the temperature.
        positive, ignored: bool [rows, columns].
    """
    negative = ~(positive | ignored)
    taught = positive.any(1) & negative.any(1)
    rest = scores.masked_fill(~negative, _FAR).logsumexp(1, keepdim=True)
    costs = F.softplus(rest - scores).masked_fill(~positive, 0).sum(1) / positive.sum(1).clamp_min(1)
    return costs.masked_fill(~taught, 0).sum() / taught.sum().clamp_min(1)


_FAR = -1e9
