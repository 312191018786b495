"""Digits in ten lines: Flatten, Dense 128 with ReLU, Dense 10 with softmax; Adam; a validation split.

    python examples/mnist_mlp_functional.py --epochs 10

The labels are class numbers ("sparse"); the softmax is inside the loss, where it is exact.
"""

from __future__ import annotations

from common import digits, parse, parser

import nn
import optim


def main() -> None:
    options = parse(parser(__doc__, epochs=10))
    x, y = digits(options.data, train=True, limit=options.limit, images=True).tensors
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters())
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"])
    history = trainer.fit(x, y, epochs=options.epochs, batch_size=options.batch_size, validation_split=0.1)
    history.plot(options.out / "mnist_mlp_functional.png")
    result = trainer.evaluate(*digits(options.data, train=False, images=True).tensors)
    print("curves", options.out / "mnist_mlp_functional.png")
    print(f"test loss {result['loss']:.4f}")
    print(f"test accuracy {100 * result['accuracy']:.1f} %")


if __name__ == "__main__":
    main()
