"""Matrix forms: the same equations with whole matrices for letters. Found from index forms, read back to them,
written as text.
"""

from symbp.core.matrix.entry import entry
from symbp.core.matrix.find import matrix_form
from symbp.core.matrix.guards import by_cases
from symbp.core.matrix.nodes import Matrix
from symbp.core.matrix.slices import SliceForm, slice_form
from symbp.core.matrix.text import MatrixNames, write_form, write_matrix

__all__ = [
    "Matrix",
    "MatrixNames",
    "SliceForm",
    "by_cases",
    "entry",
    "matrix_form",
    "slice_form",
    "write_form",
    "write_matrix",
]
