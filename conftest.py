"""Import the packages first: pytest would load the module that it is given twice."""

import autograd.testing  # noqa: F401
import nn  # noqa: F401
