"""Digits with a convolutional network: two convolutions, max pooling, dropout, two dense layers; Adadelta.

    python examples/mnist_cnn.py --epochs 12

Reaches 98.5 % after three epochs and 99 % after twelve.
"""

from __future__ import annotations

from common import digits, parse, parser

import nn
import optim


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(),
        nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip


def main() -> None:
    options = parse(parser(__doc__, epochs=12, batch_size=128))
    test = digits(options.data, train=False, limit=options.limit, images=True).tensors
    model = network()
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"])
    x, y = digits(options.data, train=True, limit=options.limit, images=True).tensors
    history = trainer.fit(x, y, epochs=options.epochs, batch_size=options.batch_size, validation_data=test)
    history.plot(options.out / "mnist_cnn.png")
    result = trainer.evaluate(*test)
    print("curves", options.out / "mnist_cnn.png")
    print(f"test loss {result['loss']:.4f}")
    print(f"test accuracy {100 * result['accuracy']:.1f} %")


if __name__ == "__main__":
    main()
