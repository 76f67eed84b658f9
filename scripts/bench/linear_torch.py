"""Linear attention of elu + 1 in torch, by the algorithms of Attune's kernels, in several variants to take the fastest of.

Everything is on tensors [heads, length, size], the layout torch is fastest with: nothing is transposed while the time is
taken. Lengths are multiples of the chunk.
"""

import time

import torch
import torch.nn.functional as F

DENOMINATOR = 1e-6


def elu1(x):
    return F.elu(x) + 1


def split(x, chunk):
    """[heads, length, size] as [heads, chunks, chunk, size]."""
    return x.unflatten(1, (-1, chunk))


def causal_at_once(q, k, v, chunk):
    """All chunks by batched products; the states before them by one running sum."""
    q, k, v = split(elu1(q), chunk), split(elu1(k), chunk), split(v, chunk)
    heads, chunks, _, size = k.shape
    weights = torch.matmul(q, k.transpose(-1, -2)).tril_()
    states = torch.zeros(heads, chunks + 1, size, size)
    torch.cumsum(torch.matmul(k.transpose(-1, -2), v), 1, out=states[:, 1:])
    sums = torch.zeros(heads, chunks + 1, size, 1)
    torch.cumsum(k.sum(2).unsqueeze(-1), 1, out=sums[:, 1:])
    divisor = weights.sum(-1, keepdim=True).add_(torch.matmul(q, sums[:, :-1])).add_(DENOMINATOR)
    result = torch.matmul(weights, v).add_(torch.matmul(q, states[:, :-1])).div_(divisor)
    return result.flatten(1, 2)


def causal_ones(q, k, v, chunk):
    """The same with a column of ones beside the values, which makes the divisor."""
    q, k = split(elu1(q), chunk), split(elu1(k), chunk)
    v = split(F.pad(v, (0, 1), value=1.0), chunk)
    heads, chunks, _, size = k.shape
    states = torch.zeros(heads, chunks + 1, size, size + 1)
    torch.cumsum(torch.matmul(k.transpose(-1, -2), v), 1, out=states[:, 1:])
    result = torch.matmul(torch.matmul(q, k.transpose(-1, -2)).tril_(), v).add_(torch.matmul(q, states[:, :-1]))
    return (result[..., :size] / (result[..., size:] + DENOMINATOR)).flatten(1, 2)


def causal_in_turn(q, k, v, chunk):
    """Chunk after chunk, so that what is computed stays in caches."""
    heads, length, size = q.shape
    state, total = torch.zeros(heads, size, size), torch.zeros(heads, size, 1)
    result = torch.empty_like(v)
    for begin in range(0, length, chunk):
        fq, fk = elu1(q[:, begin:begin + chunk]), elu1(k[:, begin:begin + chunk])
        values = v[:, begin:begin + chunk]
        weights = torch.bmm(fq, fk.transpose(1, 2)).tril_()
        divisor = torch.baddbmm(weights.sum(-1, keepdim=True), fq, total).add_(DENOMINATOR)
        torch.div(torch.bmm(weights, values).baddbmm_(fq, state), divisor, out=result[:, begin:begin + chunk])
        state.baddbmm_(fk.transpose(1, 2), values)
        total.add_(fk.sum(1).unsqueeze(-1))
    return result


def full(q, k, v, chunk=None):
    """Queries read the state after the last key."""
    q, k = elu1(q), elu1(k)
    result = torch.bmm(q, torch.bmm(k.transpose(1, 2), v))
    return result.div_(torch.bmm(q, k.sum(1).unsqueeze(-1)).add_(DENOMINATOR))


def delta(q, k, v, beta, chunk):
    """The delta rule by chunks, in the WY form: with A = tril(diag(b) K K^T, -1), the corrected values of a chunk are
    (I + A)^-1 diag(b) (V - K S). Inverses of all chunks at once, then the states one after the other. beta [heads, length]."""
    heads, length, size = q.shape
    q, k, v = split(elu1(q), chunk), split(elu1(k), chunk), split(v, chunk)
    rates = beta.unflatten(1, (-1, chunk)).unsqueeze(-1)
    scaled = k * rates
    system = torch.matmul(scaled, k.transpose(-1, -2))
    right = torch.cat([v * rates, scaled], -1)
    # Only what is strictly below the diagonal is read, and ones stand on it.
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    weights = torch.matmul(q, k.transpose(-1, -2)).tril_()
    state = torch.zeros(heads, size, size)
    result = torch.empty(heads, length // chunk, chunk, size)
    for c in range(length // chunk):
        values = torch.baddbmm(solved[:, c, :, :size], solved[:, c, :, size:], state, alpha=-1)
        torch.baddbmm(torch.bmm(weights[:, c], values), q[:, c], state, out=result[:, c])
        state.baddbmm_(k[:, c].transpose(1, 2), values)
    return result.flatten(1, 2)


def softmax(q, k, v, causal):
    """torch's own fused softmax attention."""
    return F.scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), is_causal=causal)[0]


CAUSAL = {"at once": causal_at_once, "at once, ones": causal_ones, "in turn": causal_in_turn}
CHUNKS = (32, 64, 128, 256)


def fastest(variants, repeats=3):
    """Seconds of the fastest run of each variant by name; they run in turn, once more than is timed."""
    times = {name: [] for name in variants}
    for run in range(repeats + 1):
        for name, variant in variants.items():
            begin = time.perf_counter()
            variant()
            if run:
                times[name].append(time.perf_counter() - begin)
    return {name: min(of) for name, of in times.items()}
