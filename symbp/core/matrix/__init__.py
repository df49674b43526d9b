"""Matrix forms: the same equations with whole matrices for letters. Found from index forms, read back to them,
written as text.
"""

from symbp.core.matrix.entry import entry
from symbp.core.matrix.find import equation_form, matrix_form
from symbp.core.matrix.nodes import Matrix
from symbp.core.matrix.text import MatrixNames, write_equation, write_matrix

__all__ = ["Matrix", "MatrixNames", "entry", "equation_form", "matrix_form", "write_equation", "write_matrix"]
