"""The plain way to differentiate a network: every operation of its definition noted, then the chain rule backward.

In come equations and data, out go the loss and its derivatives, each with what rounding makes of it where it is
computed that way, operation by operation, as automatic differentiation does. That says how exact a gradient may be
asked to be. Nothing of the calculus is known here: an operation is a value, and a slope by each operand.
"""
