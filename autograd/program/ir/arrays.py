"""NumPy, which compiled functions need, and what its arrays are called in annotations."""

from __future__ import annotations

from typing import Any

try:
    import numpy as np
except ImportError:
    raise ImportError(
        "compiled functions need NumPy: pip install 'scalar-autograd[programs]'"
    ) from None

__all__ = ["Array", "np"]

Array = Any  # of NumPy or JAX

# Once so much was freed, glibc keeps what is freed later for what follows; else each large
# array would come from the system anew, page by page, which takes as long as to compute it.
np.empty(4_000_000)
