"""A variational autoencoder of digits: encode to two dozen numbers, decode, and draw new digits.

    python examples/vae_mnist.py --epochs 10

Kingma and Welling 2013, https://arxiv.org/abs/1312.6114. Prints the test evidence lower bound in nats per image.
"""

from __future__ import annotations

from typing import Any

from common import digits, epochs, images_grid, parse, parser
from tqdm import tqdm

import autograd as torch
import nn
import nn.functional as F
import optim
from autograd.distributions import Normal, kl_divergence
from autograd.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self, latent: int = 24, width: int = 400) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, 784))
        self.latent = latent

    def forward(self, x: Any) -> tuple[Any, Normal]:
        mean, logvar = self.encoder(x).chunk(2, dim=1)
        code = Normal(mean, (0.5 * logvar).exp())
        return self.decoder(code.rsample()), code


def negative_elbo(model: VAE, x: Any) -> Any:
    """Reconstruction plus divergence, summed over pixels and averaged over images."""
    scores, code = model(x)
    divergence = kl_divergence(code, Normal(torch.zeros_like(code.mean), torch.ones_like(code.mean)))
    return (F.binary_cross_entropy_with_logits(scores, x, reduction="sum") + divergence.sum()) / len(x)


def main() -> None:
    options = parse(parser(__doc__, epochs=10, batch_size=128))
    train, _ = digits(options.data, True, options.limit).tensors
    test, _ = digits(options.data, False, options.limit).tensors
    loader = DataLoader(TensorDataset(train), options.batch_size, shuffle=True)
    model = VAE()
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def bound() -> float:
        with torch.no_grad():
            return -sum(negative_elbo(model, part).item() * len(part) for part in test.split(1000)) / len(test)

    def one(epoch: int) -> str:
        for (x,) in tqdm(loader, leave=False, unit="step", mininterval=0.5):
            loss = negative_elbo(model, x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return f"test bound {bound():.2f}"

    epochs(options.epochs, one)
    with torch.no_grad():
        new = torch.sigmoid(model.decoder(torch.randn(50, model.latent)))
        again = torch.sigmoid(model(test[:10])[0])
    images_grid(new, options.out / "vae_samples.png")
    images_grid(torch.cat([test[:10], again]), options.out / "vae_reconstructions.png")
    print("pictures", options.out / "vae_samples.png", options.out / "vae_reconstructions.png")
    print(f"test evidence lower bound {bound():.2f} nats")


if __name__ == "__main__":
    main()
