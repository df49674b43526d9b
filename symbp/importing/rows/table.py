"""Every operation of PyTorch's that has a counterpart in the language, by its name in an exported program."""

from __future__ import annotations

from collections.abc import Mapping

from symbp.importing.at import Rule
from symbp.importing.rows.attention import ATTENTION
from symbp.importing.rows.constants import CONSTANTS
from symbp.importing.rows.losses import LOSSES
from symbp.importing.rows.norms import NORMS
from symbp.importing.rows.parts import PARTS
from symbp.importing.rows.pointwise import POINTWISE
from symbp.importing.rows.products import PRODUCTS
from symbp.importing.rows.recurrent import RECURRENT
from symbp.importing.rows.reductions import REDUCTIONS
from symbp.importing.rows.shapes import SHAPES
from symbp.importing.rows.windows import WINDOWS

ROWS: Mapping[str, Rule] = {
    **POINTWISE,
    **SHAPES,
    **PARTS,
    **CONSTANTS,
    **REDUCTIONS,
    **PRODUCTS,
    **WINDOWS,
    **NORMS,
    **ATTENTION,
    **RECURRENT,
    **LOSSES,
}
