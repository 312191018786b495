"""Side-by-side measurements: the same programs on this library, PyTorch and other NumPy autograds."""
