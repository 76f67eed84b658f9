"""The decoders of linear_decode.py in torch, one token at a time: states or keys and values are written in place."""

import time

import torch
import torch.nn.functional as F

import linear_reference


class Decoder:
    """`model` and `weights` are a description and arrays by name, as linear_reference.py has them; post-norm, relu."""

    def __init__(self, model, weights, capacity, threads):
        torch.set_grad_enabled(False)
        self.threads = threads
        self.model = model
        self.weights = {name: torch.from_numpy(value) for name, value in weights.items()}
        self.table = torch.from_numpy(linear_reference.positions(model, weights, capacity)).float()
        self.epsilon, self.heads = model["norm"]["epsilon"], model["attention"]["heads"]
        self.hidden = model["hidden_size"]
        self.is_linear = model["attention"].get("kind") == "linear"
        size = self.hidden // self.heads
        # Queries, keys and values of a layer by one product.
        self.projections = [tuple(torch.cat([self.weights[f"layers.{layer}.attention.{part}.{kind}"]
                                             for part in ("query", "key", "value")]) for kind in ("weight", "bias"))
                            for layer in range(model["layers"])]
        shapes = (((self.heads, size, size), (self.heads, size, 1)) if self.is_linear
                  else ((1, self.heads, capacity, size),) * 2)
        self.carried = [tuple(torch.zeros(shape) for shape in shapes) for _ in range(model["layers"])]
        self.logits = None
        # Products of one row may be faster without others to wait for.
        self.threads = min(range(1, threads + 1), key=self.time_steps)

    def time_steps(self, threads, steps=16):
        """Seconds that the fastest of some steps takes with so many threads."""
        self.threads = threads
        times = []
        for position in range(steps):
            begin = time.perf_counter()
            self.step(1, position)
            times.append(time.perf_counter() - begin)
        return min(times)

    def begin(self):
        for arrays in self.carried:
            for array in arrays:
                array.zero_()

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights.get(name + ".bias"))

    def norm(self, x, name):
        return F.layer_norm(x, (self.hidden,), self.weights[name + ".weight"], self.weights[name + ".bias"], self.epsilon)

    def attend(self, x, layer, position):
        q, k, v = F.linear(x, *self.projections[layer]).view(3, self.heads, 1, -1)
        if self.is_linear:
            state, total = self.carried[layer]
            q, k = F.elu(q) + 1, (F.elu(k) + 1).transpose(1, 2)
            state.baddbmm_(k, v)
            total.add_(k)
            return torch.bmm(q, state).div_(torch.bmm(q, total).add_(self.model["attention"]["linear"]["denominator"]))
        keys, values = self.carried[layer]
        keys[0, :, position], values[0, :, position] = k[:, 0], v[:, 0]
        return F.scaled_dot_product_attention(q.unsqueeze(0), keys[:, :, :position + 1], values[:, :, :position + 1])

    def step(self, token, position):
        torch.set_num_threads(self.threads)
        x = self.weights["embedding.token"][token:token + 1] + self.table[position:position + 1]
        for layer in range(self.model["layers"]):
            name = f"layers.{layer}"
            y = self.attend(x, layer, position).reshape(1, self.hidden)
            x = self.norm(x + self.linear(y, f"{name}.attention.output"), f"{name}.attention.norm")
            y = self.linear(F.relu(self.linear(x, f"{name}.ffn.input")), f"{name}.ffn.output")
            x = self.norm(x + y, f"{name}.ffn.norm")
        self.logits = self.linear(self.norm(x, "final_norm"), "head")
        return int(self.logits.argmax())
