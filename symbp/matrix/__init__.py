"""Matrix forms: the same equations with whole matrices for letters. Found from index forms, read back to them,
written as text.
"""

from symbp.matrix.entry import entry
from symbp.matrix.find import matrix_form
from symbp.matrix.guards import by_cases
from symbp.matrix.nodes import Matrix
from symbp.matrix.slices import SliceForm, slice_form
from symbp.matrix.text import MatrixNames, write_form, write_matrix

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
