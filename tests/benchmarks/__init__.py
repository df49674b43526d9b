"""Programs that print the figures, a row each. One thread: set here, before NumPy and PyTorch are imported."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or PyTorch's profiler writes between the rows
