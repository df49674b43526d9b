"""English: every sentence, heading and reason of a document, in the order of the page.

A name in braces is a slot: a formula, a reference or a number stands there, or another sentence of this file. A
sentence that agrees with a number has a form for `one` and a form for `many`. No line ends at the space `\\u00a0`.

To add a language, translate this file: sentence by sentence under the same names, with the same slots in any order; a
language that makes no difference between one and many has one text where two stand here.
"""

from __future__ import annotations

from symbp.document.words.language import Forms, Language

# --- how a list is joined: between two parts, and before the last

LISTS = {
    "and": (", ", " and "),  # z, p and L
    "either": (", ", " or "),  # a nudge of w or b
    "comma": (", ", ", "),  # m to n, j to k
    "tied": (",\u00a0", ",\u00a0"),  # the same, on one line
    "sentences": (" ", " "),  # of a paragraph
    "clauses": ("; ", "; "),  # of a reason, and of one sentence that says several things
    "beside": ("", ""),  # factors
    "swaps": (", ", " and "),  # a for b, and c for d
    "all": (" and ", " and "),  # conditions in a formula that hold together
    "any": (" or ", " or "),  # conditions in a formula of which one holds
}

NUMERALS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven"}


def form(count: int) -> str:
    """Which form of a sentence goes with a number."""
    return "one" if count == 1 else "many"


# --- the first page: what the network is

NETWORK: dict[str, str | Forms] = {
    "title": "Backpropagation through {network}",
    "heading.network": "The network",
    # the table of inputs: its columns, what an input is, its shape
    "column.quantity": "quantity",
    "column.entry": "entry",
    "column.code": "in code",
    "column.shape": "shape",
    "column.kind": "what it is",
    "input.parameter": "parameter",
    "input.parameter.unreached": "parameter, which the loss does not reach",
    "input.labels": "labels: each entry is one of {classes} classes",
    "input.labels.absent": "labels: each entry is one of {classes} classes, or {absent}, which is none of them",
    "input.data": "data",
    "input.data.facts": "data; {facts}",
    "input.sizes": {
        "one": "No shape tells the size {sizes}: whoever calls the module says it.",
        "many": "No shape tells the sizes {sizes}: whoever calls the module says them.",
    },
    "input.called": "{words}; {kind}",
    "shape.scalar": "scalar",
    "shape.each": "{shape} for each {layer}",
    # a fact about the data: beside its formula
    "fact.all": "for all {letters}",
    # index letters and long extents
    "letters.extent": "{letter} is {extent}.",
    "letters.ranges": "Indices count from 0: {ranges}.",
    "letters.loose": {
        "one": "{letters} runs as far as the dimension goes at the place, which may differ from layer to layer.",
        "many": "{letters} run as far as the dimension goes at the place, which may differ from layer to layer.",
    },
    # unknown functions; {partial} is the sign of a partial derivative
    "functions": {
        "one": "{functions} is an unknown function, applied entry by entry.",
        "many": "{functions} are unknown functions, applied entry by entry.",
    },
    "functions.prime": {
        "one": "{functions} is an unknown function, applied entry by entry; a prime marks the derivative of one of a "
        "single argument.",
        "many": "{functions} are unknown functions, applied entry by entry; a prime marks the derivative of one of a "
        "single argument.",
    },
    "functions.partial": {
        "one": "{functions} is an unknown function, applied entry by entry; {partial} with a number is the derivative "
        "with respect to that argument.",
        "many": "{functions} are unknown functions, applied entry by entry; {partial} with a number is the derivative "
        "with respect to that argument.",
    },
    "functions.prime.partial": {
        "one": "{functions} is an unknown function, applied entry by entry; a prime marks the derivative of one of a "
        "single argument; {partial} with a number is the derivative by that argument.",
        "many": "{functions} are unknown functions, applied entry by entry; a prime marks the derivative of one of a "
        "single argument; {partial} with a number is the derivative by that argument.",
    },
}

# --- what the signs of the page mean

SIGNS: dict[str, str | Forms] = {
    "sign.adjoint": "A bar stands for the adjoint of what is below it: the derivative of the loss {loss} with "
    "respect to it, over all paths; {bar} is {partial}.",
    "sign.adjoint.partial": "{partial} is the derivative of the loss {loss} over all paths, called the adjoint and "
    "also written {bar}.",
    "sign.adjoint.delta": "{delta} is the error that comes back to {quantity}: the derivative of the loss {loss} with "
    "respect to it, over all paths, also written {bar} or {partial}.",
    "sign.partial": "A fraction of partials is local: through the one equation that defines what is on top.",
    "sign.partial.but": "A fraction of other partials is local: through the one equation that defines what is on top.",
    "sign.alone": "A bar behind one, with {equation} below, says: through equation {equation} alone.",
    "sign.delta": "{sign} with two indices is 1 where they are equal, else 0.",
    "sign.bracket": "A condition in brackets is 1 where it holds; where it does not, the whole term is 0.",
    "sign.bold": "Bold letters are whole arrays, vectors are columns.",
    "sign.one": "{sign} is a column of ones.",
    "sign.unit": "{sign} is the unit matrix.",
    "sign.odot": "{sign} multiplies entry by entry.",
    "sign.oslash": "{sign} divides entry by entry.",
    "sign.circle": "{sign} before an exponent raises every entry to it.",
    "sign.norm": "{sign} adds the squares of all entries.",
    "sign.stopped": "{sign} of a value is that value, counted as a constant: nothing is derived through it.",
    "sign.diag": "{sign} is the matrix with a vector on its diagonal.",
    "sign.rowmax": "{sign} is the column of the largest entries of the rows.",
    "sign.rowmin": "{sign} is the column of the smallest entries of the rows.",
    # what slices and whole arrays look like: {example}, {part} and {slice} are taken from the page
    "notation.stands": "{read} stands for {given}.",
    # what comes back from a step behind the last one of a recurrence
    "notation.ends": "Nothing comes back from a step that is not there: {ends}.",
    "notation.end": "{read} stands for {given}",
    "notation.slice.entry": "A bold letter with subscripts is a slice, at these values of its first indices: {example} "
    "is an entry.",
    "notation.slice.vector": "A bold letter with subscripts is a slice, at these values of its first indices: "
    "{example} is a vector.",
    "notation.slice.matrix": "A bold letter with subscripts is a slice, at these values of its first indices: "
    "{example} is a matrix.",
    "notation.entrywise": "Functions act entry by entry.",
    "notation.entrywise.but": "Functions act entry by entry; {others}.",
    "notation.mixing": "{others}.",
    "notation.mixing.rows": "{function} acts on each row",
    "notation.mixing.vector": "{function} acts on the vector as a whole",
    "notation.mixing.index": "{function} acts as its index form says",
    "notation.part": "Brackets behind a letter cut out a part, from the first number up to, and without, the second: "
    "{part}.",
    "notation.beside": "Matrices between bars stand side by side.",
    "notation.chosen": "{rows} has in each row the row of the unit matrix that the label names.",
    "notation.columns.sum": "{totals} has at each place the sum of its column.",
    "notation.columns.mean": "{totals} has at each place the mean of its column.",
    "notation.rows.sum": "{totals} has at each place the sum of its row.",
    "notation.rows.mean": "{totals} has at each place the mean of its row.",
}

# --- what functions and quantities are for, in the words of the file and of the library

MEANINGS: dict[str, str | Forms] = {
    "head.meanings": "In words.",
    "meaning": "{what}: {meaning}.",
    "meaning.named": "{what}, the {words}: {meaning}.",
}

# --- words within formulas

FORMULAS: dict[str, str | Forms] = {
    "case.if": "if {condition}",
    "case.else": "else",
    "condition.true": "true",
    "condition.false": "false",
    "condition.not": "not {condition}",
}

# --- the graph

GRAPH: dict[str, str | Forms] = {
    "heading.graph": "The graph",
    "graph.arrows": "Solid arrows carry values forward, dashed arrows carry derivatives back.",
    "graph.parameters": "Boxes with a tint of red are parameters.",
    "graph.again": "A dotted frame is a quantity that is drawn at every place where it is used: what comes back to "
    "each of them is added.",
    # a recurrence unrolled: its steps, what stands beside an arrow, what is drawn
    "unrolled.step": "{letter}\u00a0=\u00a0{step}",
    "unrolled.list": "{parts}",
    "unrolled": "The first {steps} steps one by one: each hands on {handed} to the next.",
    "unrolled.size": "The same unrolled, for a {size} of {steps}: each step hands on {handed} to the next.",
    "unrolled.shared": {
        "one": "The same {shared} serves in every step, so what comes back to it is added over the steps.",
        "many": "The same {shared} serve in every step, so what comes back to them is added over the steps.",
    },
    "unrolled.back": "No derivative comes into the last step from a later one: that is where to begin.",
    # the same of two letters
    "lattice": "The first steps unrolled, {across} to the right and {up} upwards: each hands on {sideways} to the "
    "right and {upwards} upwards.",
    "lattice.shared": {
        "one": "Along {letter} the same {shared} serves in every step, so what comes back to it is added over "
        "{letter}.",
        "many": "Along {letter} the same {shared} serve in every step, so what comes back to them is added over "
        "{letter}.",
    },
    "lattice.back": "No derivative comes into the last step of the uppermost row but from what reads it: that is where "
    "to begin.",
    # a window that moves over an array
    "window": "Of {tensor}, {entry} reads the tinted {rows} by {columns} entries, and what comes back to it reaches no "
    "others of them.",
    "window.step": "Of {tensor}, {entry} reads the tinted {rows} by {columns} entries, and what comes back to it "
    "reaches no others of them; from one entry to the next the window moves by {step}.",
    "graph.loops": "An arrow marked with a subscript carries a value to another step of a recurrence, where it is read "
    "with that subscript.",
}

# --- from the loss back

BACKWARD: dict[str, str | Forms] = {
    "heading.backward": "From the loss back",
    "backward.sum": "A change of a quantity reaches the loss through the equations that use it and through no others: "
    "its adjoint is the sum, over those, of their adjoints times their local derivatives.",
    "backward.unreached": "No path leads from {parameters} to the loss: the gradient there is zero.",
    "backward.named": {
        "one": "{quantities} has a name of its own, since its value is needed again below: to get it back from what "
        "it is part of would lose digits, or divide by what may be 0.",
        "many": "{quantities} have names of their own, since their values are needed again below: to get them back "
        "from what they are part of would lose digits, or divide by what may be 0.",
    },
    "backward.exponents": {
        "one": "{quantities} has a name of its own: a change of what all its entries share reaches the loss through "
        "each of them.",
        "many": "{quantities} have names of their own: a change of what all their entries share reaches the loss "
        "through each of them.",
    },
    "backward.unused": {
        "one": "Fact {facts} is not used by the derivation.",
        "many": "The facts {facts} are not used by the derivation.",
    },
    "backward.numbers": "A local derivative that can be read off an equation is not written out; at full detail an "
    "appendix has them all.",
    # of each quantity: its heading, and the equations that use it
    "heading.gradient": "The gradient with respect to {quantity}",
    "heading.adjoint": "The adjoint of {quantity}",
    "users.one": "{quantity} is used by {equation} alone, so all paths to the loss lead through it.",
    "users.several": "{quantity} is used by {equations}: the chain rule sums over {count} terms.",
    # an adjoint that adds to the places that were read, before it is solved for them; {divides} is a sign
    "scatter": "{adjoint} scatters what comes back over all places that were read. Solved for the places that it comes "
    "back from, it gathers:",
    "scatter.divides": "{adjoint} scatters what comes back over all places that were read. Solved for the places that "
    "it comes back from, it gathers ({divides} says that a number divides another):",
    "scatter.turned": "{adjoint} scatters what comes back over all places that were read. Solved for the places that "
    "it comes back from, it gathers, from the other end:",
    "scatter.turned.divides": "{adjoint} scatters what comes back over all places that were read. Solved for the "
    "places that it comes back from, it gathers, from the other end ({divides} says that a number divides another):",
    "scatter.kernel": "{adjoint} scatters what comes back over all places that were read. Solved for the places that "
    "it comes back from, it gathers, as a correlation with the kernel turned by 180 degrees:",
    "scatter.kernel.divides": "{adjoint} scatters what comes back over all places that were read. Solved for the "
    "places that it comes back from, it gathers, as a correlation with the kernel turned by 180 degrees ({divides} "
    "says that a number divides another):",
    # where the 1/N of a mean enters; {entering} is one of the three that follow
    "mean.alone": {
        "one": "{entering}; whatever is computed from {adjoint} carries it along, and no other division by {sizes} "
        "is needed below.",
        "many": "{entering}; whatever is computed from {adjoint} carries them along, and no other division by "
        "{sizes} is needed below.",
    },
    "mean.again": {
        "one": "{entering}; whatever is computed from {adjoint} carries it along; {others}.",
        "many": "{entering}; whatever is computed from {adjoint} carries them along; {others}.",
    },
    "mean.enters": {"one": "The factor {factors} enters here", "many": "The factors {factors} enter here"},
    "mean.enters.from": {
        "one": "The factor {factors} of {equations} enters here",
        "many": "The factors {factors} of {equations} enter here",
    },
    "mean.halved": "The factor {fraction} of {equation} enters here as {factor}, for the 2 of the square cancels the "
    "1/2",
    "mean.others": {"one": "{divisors} is another one", "many": "{divisors} are others"},
    "mean.other": "the {divisor} in {equations}",
    # what is taken for the derivative at a kink
    "kink.tie": "Where several entries of {equation} tie, the first of them has the extreme value, in row-major order: "
    "so argmax means here.",
    "kink.absolute": "At its kink the absolute value in {equation} is given the derivative 0.",
    "kink.meet": "Where {entry} is {border}, the branches of {equation} meet. The branch taken there is {branch}, and "
    "the derivative is that of this branch.",
    "kink.bend": "Where {entry} is {border}, {equation} has no derivative. The branch taken there is {branch}, and the "
    "derivative of that is used:\u00a0{slope}.",
}

# --- the lesson: back through one equation after the other

LESSON: dict[str, str | Forms] = {
    # headings: of an equation written as a call, of any others, of the loss, of what several equations read
    "heading.lesson.call": "Through {function}, ({number}): {quantities}",
    "heading.lesson": "Through {numbers}: {quantities}",
    "heading.lesson.number": "({number})",
    "heading.lesson.loss": "From the loss, ({number}): {quantities}",
    "called": "{quantity} ({words})",
    "heading.lesson.handed": "Handed down, once for all weights",
    "heading.lesson.several": "Where paths meet: {quantities}",
    # what a nudge of an entry moves
    "happens.loss": "{entry} stands in the loss, {equation}, and nowhere else.",
    "happens.one": "A nudge of {entry} moves {moved} alone, by {equation}: there is nothing to sum.",
    "happens.most": "A nudge of {entry} moves at most {moved}, by {equation}: there is nothing to sum.",
    "happens.none": "The derivative of {moved} by {entry}, by {equation}, is 0: nothing comes back.",
    "happens.some": "A nudge of {entry} moves those entries of {moved} that read it, by {equation}.",
    "happens.sum": "A nudge of {entry} moves {moved} for every {letters}, by {equation}: {count} contributions are "
    "added.",
    "happens.sum.fixed": {
        "one": "A nudge of {entry} moves {moved} for every {letters} with the same {kept}, by {equation}: {count} "
        "contributions are added.",
        "many": "A nudge of {entry} moves {moved} for every {letters} with the same {kept}, by {equation}: {count} "
        "contributions are added.",
    },
    "happens.sum.some": "A nudge of {entry} may move {moved} for every {letters}, by {equation}: {count} contributions "
    "are added, some of which may be 0.",
    "happens.sum.fixed.some": {
        "one": "A nudge of {entry} may move {moved} for every {letters} with the same {kept}, by {equation}: {count} "
        "contributions are added, some of which may be 0.",
        "many": "A nudge of {entry} may move {moved} for every {letters} with the same {kept}, by {equation}: {count} "
        "contributions are added, some of which may be 0.",
    },
    "happens.several": "{equations} read {entry}: what comes back from each of them is added.",
    "happens.down": {
        "one": "{read} must be known first, so {letters} runs from the last to the first.",
        "many": "{read} must be known first, so {letters} run from the last to the first.",
    },
    "happens.up": {
        "one": "{read} must be known first, so {letters} runs from the first to the last.",
        "many": "{read} must be known first, so {letters} run from the first to the last.",
    },
    # by numbers: {sizes} are those of the example, {step} is how far an entry is moved
    "numbers": "By numbers.",
    "numbers.sizes": "By numbers, rounded ({sizes}).",
    "numbers.size": "{size}\u00a0= {value}",
    "head.moved": "Finite differences.",
    "moved": "With {entry} up and down by {step}, {loss} is {up} and {down}: a slope of {slope}, and {gradient} is "
    "{value}.",
    # every weight by itself: its {count} paths, a matrix of weights that are numbers, a step
    "heading.weights": "Weight by weight",
    "weights": "Every entry by itself: the partial derivatives along a path from the loss down to it are multiplied, "
    "and the products of all its paths are added.",
    "weights.left": "Too many entries to be shown one by one: {quantities}. With smaller sizes they would be.",
    "heading.weights.of": "One by one: {quantities}",
    "weights.path": "A single path leads from {entry} to the loss: one product.",
    "weights.paths": "From {entry} there are {count} paths to the loss: no product alone is the derivative.",
    "weights.grid": "A row for each quantity that the weights feed, a column for what comes in.",
    "heading.weights.step": "A step by numbers",
    "weights.step": "With a learning rate {eta} of {rate}, every weight moves against its slope:",
    "weights.after": "Forward once more, {loss} goes from {before} to {after}.",
    # what can be seen of a result
    "head.sane": "Sane?",
    "sane.entries": "The entries of {adjoint} sum to 0, as adding one number to all of {quantity} leaves the "
    "loss as it is.",
    "sane.rows": "Every row of {adjoint} sums to 0, as adding one number to a row of {quantity} leaves the "
    "loss as it is.",
    "sane.columns": "Every column of {adjoint} sums to 0, as adding one number to a column of {quantity} leaves "
    "the loss as it is.",
    "sane.letter": "Summed over {letter}, {adjoint} is 0, as adding one number along {letter} to {quantity} leaves "
    "the loss as it is.",
    "sane.unit.entries": "The entries of {adjoint} sum to {total}: adding one number to all of {quantity} changes the "
    "loss by {total} times that number.",
    "sane.unit.rows": "Every row of {adjoint} sums to {total}: adding one number to a row of {quantity} changes the "
    "loss by {total} times that number.",
    "sane.unit.columns": "Every column of {adjoint} sums to {total}: adding one number to a column of {quantity} "
    "changes the loss by {total} times that number.",
    "sane.unit.letter": "Summed over {letter}, {adjoint} is {total}: adding one number along {letter} to {quantity} "
    "changes the loss by {total} times that number.",
    # usual mistakes, with what they give
    "head.careful": "Careful.",
    "careful.own": "The terms with {letter} other than {own} count: without them {entry} is {wrong}, not {right}.",
    "careful.paths": "All {count} paths count: by way of {equation} alone, with what the others lead through held "
    "constant, {entry} would be {wrong}, not {right}.",
    "careful.step": "Every {letter} counts: from the last one alone {entry} would be {wrong}, not {right}.",
    "careful.path": "Both paths count: by way of {equation} alone, {entry} would be {wrong}, not {right}.",
    "careful.rounding": "The difference in {equation} loses digits where its two sides come close: with every "
    "parameter {scale} times as large it is {more} less {less} at {entry}, which leaves {left} of the {digits} digits "
    "of single precision.",
    # the whole pass
    "pass.keep": "Of the forward pass these formulas read {kept}.",
    "pass.drop": "Of the forward pass these formulas read {kept}, and not {others}.",
    "pass.nothing": "Of the forward pass these formulas read nothing but the data.",
    "pass.as_defined": "The module computes {quantities} as defined: where an exponential in it overflows, its "
    "reciprocal is 0, as it should be.",
    "pass.stable": "The module computes {quantities} in another form of the same value: an exponential overflows "
    "from an exponent of 710 on, in single precision of 89.",
    "pass.lines": "Lines are those of {file}.",
    "pass.cost": "Sums of products cost 2 operations for each term.",
    # a derivation that goes like one before it
    "alike": "as {equation}",
    "alike.with": "as {equation}, {swaps}",
    "alike.for": "{new} for {old}",
    "alike.summed": "summed over {letters}",
    "rule.insert.like": "by {users}, as {equations}",
    "rule.read": "by {equations}",
    "form.product": "{factors} is {shape}",
    "form.product.all": "{product}, for\u00a0all\u00a0{letters}",
    "form.factor": "({shape})",
}

# --- every line

APPENDIX: dict[str, str | Forms] = {
    "heading.appendix": "Appendix: every line",
    "appendix": "What was left out above: one rule at a time, every quantity from the loss back.",
}

# --- why a line follows from the one before it, or looks as it does: beside the line

REASONS: dict[str, str | Forms] = {
    "rule.chain": "chain rule over {equations}",
    "rule.chain.inside": "chain rule",
    "rule.along each": "chain rule over what it reads",
    "rule.derive": "differentiate {equations}",
    "rule.derive.quotient": "differentiate {equations} by the quotient rule",
    "rule.derive.slope": "the derivative of {function} is {slope}",
    "rule.entry": "an entry with respect to an entry is a delta",
    "rule.insert": "insert {equations}",
    "rule.contract": "contract {renamed}",
    "rule.contract.sum": "the deltas hold no summed index: take them out",
    "rule.contract.branches": "take the deltas out of every branch",
    "rule.re-express": "re-expressed by {equations}",
    "rule.re-express.values": "re-expressed by {equations}: {values}",
    "rule.re-express.value": "{old} is {new}",
    "rule.re-express.counted": "re-expressed by {equations}, equal terms counted",
    "rule.split": "split the sum",
    "rule.pull": "a factor that does not depend on the summed index leaves the sum",
    "rule.pull.product": "multiply the factors",
    "rule.copies": "a term that does not depend on the summed index is summed as often as the index has values",
    "rule.cancel": "cancel",
    "rule.factor": "common factor",
    "rule.sign": "the minus goes into the bracket",
    "rule.divide": "divide above and below by the exponential",
    "rule.expand": "multiply out",
    "rule.collect": "like terms",
    "rule.fact": {"one": "fact {facts}", "many": "facts {facts}"},
    "rule.fact.by": {"one": "fact {facts}, by {equations}", "many": "facts {facts}, by {equations}"},
    "rule.solve": "solve the deltas",
    "rule.solve.for": "solve the deltas: {renamed}",
    "rule.guard": "factors under conditions are one product where all of them hold",
    "rule.single": "the condition leaves one term of the sum: {renamed}",
    "rule.zero": {
        "one": "{equations} is 0 where the condition fails",
        "many": "{equations} are 0 where the conditions fail",
    },
    "rule.cases": "the two exclude one another: one of them for each case",
    "rule.under": "terms under one condition stand together",
    "rule.turn": "count from the other end: {renamed}",
    # matrix forms
    "form.numbers": "with vectors, {shape}",
    "form.numbers.all": "with vectors, {shape} for\u00a0all\u00a0{letters}",
    "form.vector": "vector form, length {shape}",
    "form.vector.all": "vector form, length {shape} for\u00a0all\u00a0{letters}",
    "form.matrix": "matrix form, {shape}",
    "form.matrix.all": "matrix form, {shape} for\u00a0all\u00a0{letters}",
    "form.cases": "the other factors go into each case",
    "form.transposed": "transposed, so that the summed index is the inner one",
}

# --- the last pages: gradients, update, module

SUMMARY: dict[str, str | Forms] = {
    "heading.gradients": "The backward pass",
    "gradients.order": "All of it, in the order of computation; gradients are marked.",
    "gradients.inserted": "Adjoints that were inserted into others are left out.",
    "loop.down": "for each {letters}, from the last to the first:",
    "loop.up": "for each {letters}, from the first to the last:",
    "loop.both": "for each {down}, from the last to the first, and each {up}, from the first to the last:",
    "gradients.lines": {"one": "line {lines}", "many": "lines {lines}"},
    "update.step": "A step of gradient descent moves every parameter against its gradient, by a learning rate of "
    "your choice:",
    "update.each": "{update} for each {layer}",
    "heading.module": "In the module",
    "module.brackets": "In {file} the number of an equation stands in brackets above the lines that compute it. Those "
    "of the backward pass are in the box above, the forward ones here:",
    "column.equation": "equation",
    "column.lines": "lines",
}

# --- the Hessian times a vector

HESSIAN: dict[str, str | Forms] = {
    "heading.hessian": "The Hessian times a vector",
    "hessian.vector": "Let the parameters move along a vector whose parts are {vector}.",
    "hessian.dot": "A dot stands for how fast what is below it changes then: for its derivative along the vector.",
    "hessian.products": "The gradients change as the second derivatives say, so {products} are the parts of the "
    "Hessian times the vector.",
    "hessian.equations": "Each equation is differentiated as it stands, forward ones and those of adjoints; what does "
    "not depend on the parameters has no dot.",
    "hessian.kinks": "A condition or an argmax stays as it is while the parameters move a little, so at a kink, where "
    "it does not, the second derivatives are those of the branch that is taken.",
    "heading.hessian.forward": "Forward, along the vector",
    "heading.hessian.backward": "From the loss back, along the vector",
    "heading.hessian.box": "The whole product",
    "hessian.order": "All that the product needs beside the equations above, in the order in which it is computed:",
}

# --- what was checked

CHECKS: dict[str, str | Forms] = {
    "heading.checks": "Checks",
    "heading.checks.table": "What was compared",
    "checks.equalities": "Each of the {count} equalities displayed above has been evaluated on both sides by an "
    "interpreter that knows only what sums, products and functions are, at small sizes, as a rule no two alike, and "
    "random values.",
    "checks.bar": "A bar was evaluated by perturbing its quantity.",
    "checks.bar.dot": "A bar was evaluated by perturbing its quantity, a dot by a step along the vector.",
    "checks.agree": "The two sides agree within {bound}, relative to the larger of 1 and their terms, in double "
    "precision, and in fifty digits where that loses too many.",
    "checks.sympy": "SymPy has differentiated the network by itself, written out in scalars at small sizes, and "
    "compared each entry of the adjoints and of the local derivatives with what was derived.",
    "checks.sympy.all": {
        "one": "The {count} difference is 0 exactly.",
        "many": "All {count} differences are 0 exactly.",
    },
    "checks.sympy.some": "Of {count} differences {proved} are 0 exactly and {evaluated} in fifty digits at several "
    "points.",
    # the same in few words
    "checks.brief": {
        "one": "The {count} equality above has been evaluated on both sides, at random values, by an interpreter that "
        "shares no code with the derivation; the sides agree within {bound}.",
        "many": "Each of the {count} equalities above has been evaluated on both sides, at random values, by an "
        "interpreter that shares no code with the derivation; the sides agree within {bound}.",
    },
    "checks.sympy.brief": {
        "one": "The {count} entry that SymPy derives by itself is the same exactly.",
        "many": "All {count} entries that SymPy derives by itself are the same exactly.",
    },
    "checks.sympy.brief.some": "Of {count} entries that SymPy derives by itself, {proved} are the same exactly and "
    "{evaluated} in fifty digits.",
    "checks.module": "The module was run on the same kind of data and compared with these witnesses.",
    "checks.numbers": "A number says how many values were compared; each agrees within the bound at the head of its "
    "column, or within the one beside it.",
    "checks.scales": "It was run in single and in double precision as well, on data from a thousandth to a thousand, "
    "with exact zeros and ones among them.",
    "checks.rounding": "The definition differentiated operation by operation has an error from rounding there; under "
    "rounding, that of the module is at most {bound} times that error.",
    # the table: its columns, a cell with a bound of its own, its rows
    "column.checked": "checked",
    "column.witness": "{witness}, {bound}",
    "checks.cell": "{count}, {bound}",
    "checks.exact": "exact",
    "checks.gradient": "gradient with respect to {quantity}",
    "checks.product": "Hessian times vector, {quantity}",
    "checks.along": "Hessian times vector: {what}",
    "checks.symmetric": "the Hessian is symmetric",
    # witnesses and other checks, by the names that they have in `verify`
    "witness.interpreter": "interpreter",
    "witness.complex step": "complex step",
    "witness.central difference": "central difference",
    "witness.random directions": "random directions",
    "witness.symmetry": "symmetry",
    "witness.rounding": "rounding",
    "witness.SymPy": "SymPy",
    "witness.interface": "interface",
    "checked.loss": "loss",
    "checked.float32": "float32",
    "checked.inputs unchanged": "inputs unchanged",
    "checked.out and work reused": "out and work reused",
}

# --- where a formula stands, for a message that it is wrong

PLACES: dict[str, str | Forms] = {
    "place.equation": "equation ({number})",
    "place.lesson": "equation ({number}), in short",
    "place.solved": "equation ({number}), solved",
    "place.matrix": "{place}, matrix form",
    "place.fact": "fact {label}",
    "place.entry": "an entry of {quantity}",
    "place.box": "the box, {quantity}",
}

ENGLISH = Language(
    file="symbp/document/words/en.py",
    sentences={
        **NETWORK,
        **SIGNS,
        **MEANINGS,
        **FORMULAS,
        **GRAPH,
        **BACKWARD,
        **LESSON,
        **APPENDIX,
        **REASONS,
        **SUMMARY,
        **HESSIAN,
        **CHECKS,
        **PLACES,
    },
    lists=LISTS,
    numerals=NUMERALS,
    form=form,
)
