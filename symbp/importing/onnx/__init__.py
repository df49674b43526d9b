"""ONNX models, read as data: each operator as the operations of PyTorch's that mean the same."""
