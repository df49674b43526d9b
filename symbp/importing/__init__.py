"""From a network of PyTorch's to a network file. What is read is data; PyTorch itself is run in `traced` alone."""
