"""Chinese: every sentence, heading and reason of a document under the name that it has in `en.py`.

The terms are those of Chinese textbooks: the derivative of the loss by a quantity is 偏导数, and reasons name the rule
as a lecture does (链式法则, 合并同类项). A number makes no difference to a sentence. No spaces are written around
formulas: LaTeX puts a quarter of an em there by itself.
"""

from __future__ import annotations

from symbp.document.words.language import LATIN, Fonts, Forms, Language
from symbp.escape import HAN

# --- how a list is joined: between two parts, and before the last

LISTS = {
    "and": ("、", "和"),  # z、p和L
    "either": ("、", "或"),
    "comma": ("，", "，"),
    "tied": (",\u00a0", ",\u00a0"),
    "sentences": ("", ""),
    "clauses": ("；", "；"),
    "beside": ("", ""),
    "swaps": ("，", "，"),
    "all": ("\u00a0且\u00a0", "\u00a0且\u00a0"),
    "any": ("\u00a0或\u00a0", "\u00a0或\u00a0"),
}

NUMERALS = {1: "一", 2: "两", 3: "三", 4: "四", 5: "五", 6: "六", 7: "七"}  # before a measure word


def form(_count: int) -> str:
    """Which form of a sentence goes with a number: there is one."""
    return "any"


# --- the first page: what the network is

NETWORK: dict[str, str | Forms] = {
    "title": "{network}的反向传播",
    "heading.network": "网络结构",
    "column.quantity": "符号",
    "column.entry": "元素",
    "column.code": "代码中",
    "column.shape": "形状",
    "column.kind": "含义",
    "input.parameter": "参数",
    "input.parameter.unreached": "参数，对损失函数没有影响",
    "input.labels": "标签：每个元素是{classes}个类别之一",
    "input.labels.absent": "标签：每个元素是{classes}个类别之一，或者是不属于任何类别的{absent}",
    "input.data": "数据",
    "input.data.facts": "数据，满足{facts}",
    "input.sizes": "尺寸{sizes}无法由任何数组的形状得出，须在调用模块时给出。",
    "input.called": "{words}；{kind}",
    "shape.scalar": "标量",
    "shape.each": "{shape}，对每个\u00a0{layer}",
    "fact.all": "对所有{letters}",
    "letters.extent": "{letter}等于{extent}。",
    "letters.ranges": "下标从0开始：{ranges}。",
    "letters.loose": "{letters}取遍所在位置的那一维，各层的大小可以不同。",
    "functions": "{functions}是未知函数，逐元素作用。",
    "functions.prime": "{functions}是未知函数，逐元素作用；右上角的撇号表示一元函数的导数。",
    "functions.partial": "{functions}是未知函数，逐元素作用；带数字的{partial}表示对第几个自变量的偏导数。",
    "functions.prime.partial": "{functions}是未知函数，逐元素作用；右上角的撇号表示一元函数的导数；"
    "带数字的{partial}表示对第几个自变量的偏导数。",
}

# --- what the signs of the page mean

SIGNS: dict[str, str | Forms] = {
    "sign.adjoint": "上划线表示损失函数{loss}对该量的偏导数，所有路径都计算在内；{bar}就是{partial}。",
    "sign.adjoint.partial": "{partial}是损失函数{loss}的偏导数，所有路径都计算在内，也写作{bar}。",
    "sign.adjoint.delta": "{delta}是传回{quantity}的误差项，即损失函数{loss}对它的偏导数，所有路径都计算在内，"
    "也写作{bar}或{partial}。",
    "sign.partial": "写成分式的偏导数是局部的：只对定义分子的那个式子求导。",
    "sign.partial.but": "其他写成分式的偏导数是局部的：只对定义分子的那个式子求导。",
    "sign.alone": "偏导数右侧的竖线带下标{equation}时，表示只经由式{equation}求导。",
    "sign.delta": "带两个下标的{sign}在两下标相等时为1，否则为0（克罗内克符号）。",
    "sign.bracket": "方括号内的条件成立时取1，否则取0，与它相乘的因子随之为0。",
    "sign.bold": "粗体字母表示整个数组，向量都是列向量。",
    "sign.one": "{sign}是元素全为1的列向量。",
    "sign.unit": "{sign}是单位矩阵。",
    "sign.odot": "{sign}表示逐元素相乘。",
    "sign.oslash": "{sign}表示逐元素相除。",
    "sign.circle": "指数前的{sign}表示对每个元素求幂。",
    "sign.norm": "{sign}表示所有元素的平方和。",
    "sign.stopped": "{sign}的值就是其自变量的值，但求导时视为常数，不再向内求导。",
    "sign.diag": "{sign}是以该向量为对角线的对角矩阵。",
    "sign.rowmax": "{sign}是由各行最大元素组成的列向量。",
    "sign.rowmin": "{sign}是由各行最小元素组成的列向量。",
    "notation.stands": "{read}即{given}。",
    "notation.ends": "不存在的时间步没有误差传回：{ends}。",
    "notation.end": "{read}即{given}",
    "notation.slice.entry": "带下标的粗体字母是前几个下标取定后的切片：{example}是一个元素。",
    "notation.slice.vector": "带下标的粗体字母是前几个下标取定后的切片：{example}是一个向量。",
    "notation.slice.matrix": "带下标的粗体字母是前几个下标取定后的切片：{example}是一个矩阵。",
    "notation.entrywise": "函数逐元素作用。",
    "notation.entrywise.but": "函数逐元素作用；{others}。",
    "notation.mixing": "{others}。",
    "notation.mixing.rows": "{function}作用于每一行",
    "notation.mixing.vector": "{function}作用于整个向量",
    "notation.mixing.index": "{function}的作用见其分量式",
    "notation.part": "字母后的方括号截取一部分，从第一个数起，到第二个数之前为止：{part}。",
    "notation.beside": "竖线隔开的矩阵左右并排。",
    "notation.chosen": "{rows}的每一行是单位矩阵中由标签指定的那一行。",
    "notation.columns.sum": "{totals}的每个元素是所在列之和。",
    "notation.columns.mean": "{totals}的每个元素是所在列的平均值。",
    "notation.rows.sum": "{totals}的每个元素是所在行之和。",
    "notation.rows.mean": "{totals}的每个元素是所在行的平均值。",
}

# --- what functions and quantities are for, in the words of the file and of the library

MEANINGS: dict[str, str | Forms] = {
    "head.meanings": "含义：",
    "meaning": "{what}：{meaning}。",
    "meaning.named": "{what}是{words}：{meaning}。",
}

# --- words within formulas

FORMULAS: dict[str, str | Forms] = {
    "case.if": "若\u00a0{condition}",
    "case.else": "否则",
    "condition.true": "真",
    "condition.false": "假",
    "condition.not": "非\u00a0{condition}",
}

# --- the graph

GRAPH: dict[str, str | Forms] = {
    "heading.graph": "计算图",
    "graph.arrows": "实线箭头向前传播数值，虚线箭头向后传播偏导数。",
    "graph.parameters": "淡红色的方框是参数。",
    "graph.again": "点线框中的量在每个用到它的地方各画一次：从各处传回的偏导数要相加。",
    # a recurrence unrolled: its steps, what stands beside an arrow, what is drawn
    "unrolled.step": "{letter}\u00a0=\u00a0{step}",
    "unrolled.list": "{parts}",
    "unrolled": "前{steps}步逐步画出：每一步把{handed}传给下一步。",
    "unrolled.size": "按时间展开（{size}取{steps}）：每一步把{handed}传给下一步。",
    "unrolled.shared": "各步共用同一个{shared}，因此传回的偏导数要对各步求和。",
    "unrolled.back": "没有更晚的步把误差传回最后一步：从那里开始。",
    "lattice": "把前几步展开：{across}向右，{up}向上；每一步把{sideways}传给右边一步，把{upwards}传给上面一步。",
    "lattice.shared": "沿{letter}各步共用同一个{shared}，因此传回的偏导数要对{letter}求和。",
    "lattice.back": "最上一行的最后一步只从用到它的式子得到误差：从那里开始。",
    # a window that moves over an array
    "window": "在{tensor}中，{entry}用到着色的{rows}行{columns}列，传回它的偏导数也只传到其中的这些元素。",
    "window.step": "在{tensor}中，{entry}用到着色的{rows}行{columns}列，传回它的偏导数也只传到其中的这些元素；"
    "输出移动一格，窗口移动{step}格。",
    "graph.loops": "带下标的箭头把数值传到递归的另一步，在那里按该下标读取。",
}

# --- from the loss back

BACKWARD: dict[str, str | Forms] = {
    "heading.backward": "从损失函数出发反向传播",
    "backward.sum": "一个量的变化只通过用到它的那些式子影响损失函数。因此，损失函数对它的偏导数是这些式子的贡献之和，"
    "每一项等于损失函数对该式结果的偏导数，乘以该结果对它的局部偏导数。",
    "backward.unreached": "{parameters}没有通往损失函数的路径，梯度为零。",
    "backward.named": "{quantities}单独命名：下面要用到它的值，而由别的量求出会损失有效数字，或者要除以可能为0的数。",
    "backward.exponents": "{quantities}单独命名：各元素共有的量一变，变化就经过每一个元素到达损失。",
    "backward.unused": "推导中没有用到已知条件{facts}。",
    "backward.numbers": "可由公式直接看出的局部偏导数不再写出；详细版的附录列出全部。",
    "heading.gradient": "对{quantity}的梯度",
    "heading.adjoint": "损失函数对{quantity}的偏导数",
    "users.one": "{quantity}只出现在式{equation}中，它对损失函数的影响只经过这一步。",
    "users.several": "{quantity}出现在式{equations}中，按链式法则把这{count}项相加。",
    "scatter": "式{adjoint}把传回的偏导数分散加到前向传播时读取过的各个位置。"
    "解出每个位置的偏导数从何处传回，就成为对这些来源求和：",
    "scatter.divides": "式{adjoint}把传回的偏导数分散加到前向传播时读取过的各个位置。"
    "解出每个位置的偏导数从何处传回，就成为对这些来源求和（{divides}表示整除）：",
    "scatter.turned": "式{adjoint}把传回的偏导数分散加到前向传播时读取过的各个位置。"
    "解出每个位置的偏导数从何处传回，并把下标倒序，就成为对这些来源求和：",
    "scatter.turned.divides": "式{adjoint}把传回的偏导数分散加到前向传播时读取过的各个位置。"
    "解出每个位置的偏导数从何处传回，并把下标倒序，就成为对这些来源求和（{divides}表示整除）：",
    "scatter.kernel": "式{adjoint}把传回的偏导数分散加到前向传播时读取过的各个位置。"
    "解出每个位置的偏导数从何处传回，就成为与旋转180度的卷积核作互相关：",
    "scatter.kernel.divides": "式{adjoint}把传回的偏导数分散加到前向传播时读取过的各个位置。"
    "解出每个位置的偏导数从何处传回，就成为与旋转180度的卷积核作互相关（{divides}表示整除）：",
    "mean.alone": "{entering}；由{adjoint}算出的各量都已包含它，之后不再除以{sizes}。",
    "mean.again": "{entering}；由{adjoint}算出的各量都已包含它；{others}。",
    "mean.enters": "因子{factors}在此处出现",
    "mean.enters.from": "式{equations}中的因子{factors}在此处出现",
    "mean.halved": "式{equation}中的因子{fraction}在此处成为{factor}，因为平方求导得到的2与1/2约去",
    "mean.others": "{divisors}是另外出现的因子",
    "mean.other": "式{equations}中的{divisor}",
    "kink.tie": "式{equation}中若有几个元素同时取到极值，则取按行优先顺序的第一个，这里的argmax即为此意。",
    "kink.absolute": "式{equation}中的绝对值在不可导点处的导数取为0。",
    "kink.meet": "当{entry}等于{border}时，式{equation}的两个分支相接。此处取分支{branch}，导数也取这一分支的导数。",
    "kink.bend": "当{entry}等于{border}时，式{equation}不可导。此处取分支{branch}，并采用这一分支的导数{slope}。",
}

# --- the lesson: back through one equation after the other

LESSON: dict[str, str | Forms] = {
    "heading.lesson.call": "经过{function}，式({number})：{quantities}",
    "heading.lesson": "经过{numbers}：{quantities}",
    "heading.lesson.number": "式({number})",
    "heading.lesson.loss": "从损失函数出发，式({number})：{quantities}",
    "called": "{quantity}（{words}）",
    "heading.lesson.handed": "逐层传回，对所有权重只算一次",
    "heading.lesson.several": "路径汇合处：{quantities}",
    "happens.loss": "{entry}只在损失函数即式{equation}中出现。",
    "happens.one": "由式{equation}，{entry}的微小变动只影响{moved}，不必求和。",
    "happens.most": "由式{equation}，{entry}的微小变动至多影响{moved}，不必求和。",
    "happens.none": "由式{equation}，{moved}对{entry}的偏导数为零，没有误差传回。",
    "happens.some": "由式{equation}，{entry}的微小变动影响{moved}中用到它的那些元素。",
    "happens.sum": "由式{equation}，{entry}的微小变动对每个{letters}都影响{moved}，因此要把{count}份贡献相加。",
    "happens.sum.fixed": "由式{equation}，{entry}的微小变动对每个{letters}都影响{moved}，因此要把{count}份贡献相加；"
    "{kept}保持不变。",
    "happens.sum.some": "由式{equation}，{entry}的微小变动对每个{letters}都可能影响{moved}，"
    "因此要把{count}份贡献相加，其中有的可能为0。",
    "happens.sum.fixed.some": "由式{equation}，{entry}的微小变动对每个{letters}都可能影响{moved}，"
    "因此要把{count}份贡献相加，其中有的可能为0；{kept}保持不变。",
    "happens.several": "式{equations}都用到{entry}：从各式传回的偏导数要相加。",
    "happens.down": "必须先求出{read}，所以{letters}从大到小依次取值。",
    "happens.up": "必须先求出{read}，所以{letters}从小到大依次取值。",
    "numbers": "数值：",
    "numbers.sizes": "数值（{sizes}）：",
    "numbers.size": "{size}\u00a0=\u00a0{value}",
    "head.moved": "梯度检验：",
    "moved": "把{entry}分别增加和减少{step}，{loss}为{up}和{down}，由此得斜率{slope}，而{gradient}为{value}。",
    "heading.weights": "逐个权重",
    "weights": "逐个元素来看：沿着从损失函数到该元素的每条路径，把各个偏导数连乘，再把所有路径的乘积相加。",
    "weights.left": "元素太多，不逐个写出：{quantities}。取较小的大小即可逐个写出。",
    "heading.weights.of": "逐个求：{quantities}",
    "weights.path": "从{entry}到损失函数只有一条路径，所以只有一个连乘积。",
    "weights.paths": "从{entry}到损失函数有{count}条路径，单独任何一个连乘积都不是所求的偏导数。",
    "weights.grid": "矩阵的每一行对应权重所影响的量，每一列对应权重所乘的量。",
    "heading.weights.step": "用数值走一步",
    "weights.step": "学习率{eta}取{rate}，每个权重都朝斜率的反方向移动：",
    "weights.after": "再作一次前向传播，{loss}由{before}变为{after}。",
    "head.sane": "合理吗？",
    "sane.entries": "{adjoint}所有元素之和为0，因为给{quantity}的所有元素加上同一个数，结果不变。",
    "sane.rows": "{adjoint}每行之和为0，因为给{quantity}某一行的各元素加上同一个数，结果不变。",
    "sane.columns": "{adjoint}每列之和为0，因为给{quantity}某一列的各元素加上同一个数，结果不变。",
    "sane.letter": "{adjoint}对{letter}求和为0，因为给{quantity}沿{letter}的各元素加上同一个数，结果不变。",
    "sane.unit.entries": "{adjoint}所有元素之和为{total}：给{quantity}的所有元素加上同一个数，"
    "损失就改变该数的{total}倍。",
    "sane.unit.rows": "{adjoint}每行之和为{total}：给{quantity}某一行的各元素加上同一个数，损失就改变该数的{total}倍。",
    "sane.unit.columns": "{adjoint}每列之和为{total}：给{quantity}某一列的各元素加上同一个数，"
    "损失就改变该数的{total}倍。",
    "sane.unit.letter": "{adjoint}对{letter}求和为{total}：给{quantity}沿{letter}的各元素加上同一个数，"
    "损失就改变该数的{total}倍。",
    "head.careful": "小心：",
    "careful.own": "不能漏掉{letter}与{own}不同的各项，否则{entry}就成了{wrong}，而正确值是{right}。",
    "careful.paths": "{count}条路径都要计入：若只计入经由式{equation}的路径，把其余路径经过的量当作常数，"
    "{entry}就成了{wrong}，而正确值是{right}。",
    "careful.step": "每个{letter}都要计入：若只计入最后一个，{entry}就成了{wrong}，而正确值是{right}。",
    "careful.path": "两条路径都要计入：若只计入经由式{equation}的路径，{entry}就成了{wrong}，而正确值是{right}。",
    "careful.rounding": "式{equation}中的差在两边接近时会损失有效数字：若每个参数都取{scale}倍，"
    "则在{entry}处为{more}减{less}，单精度的{digits}位有效数字只剩{left}位。",
    "pass.keep": "这些公式只用到前向传播的{kept}。",
    "pass.drop": "这些公式用到前向传播的{kept}，不用{others}。",
    "pass.nothing": "这些公式不用前向传播的结果，只用到数据。",
    "pass.as_defined": "{quantities}按定义计算，其中的指数函数可能溢出，这时其倒数为0，正是所求的值。",
    "pass.stable": "代码用另一种等价形式计算{quantities}，因为指数在双精度下达到710、"
    "在单精度下达到89时，指数函数就会溢出。",
    "pass.lines": "行号指{file}中的行。",
    "pass.cost": "乘积之和在其后注明运算次数，每一项计2次。",
    "alike": "同式{equation}",
    "alike.with": "同式{equation}，{swaps}",
    "alike.for": "以\u00a0{new}\u00a0代\u00a0{old}",
    "alike.summed": "对{letters}求和",
    "rule.insert.like": "由式{users}，同式{equations}",
    "rule.read": "由式{equations}",
    "form.product": "{factors}得{shape}",
    "form.product.all": "{product}（对所有{letters}）",
    "form.factor": "({shape})",
}

# --- every line

APPENDIX: dict[str, str | Forms] = {
    "heading.appendix": "附录：完整步骤",
    "appendix": "前面略去的步骤都在这里：从损失函数出发逐个求各量的偏导数，每一步只用一条法则。",
}

# --- why a line follows from the one before it, or looks as it does: beside the line

REASONS: dict[str, str | Forms] = {
    "rule.chain": "链式法则，经由式{equations}",
    "rule.chain.inside": "复合函数求导",
    "rule.along each": "对读取的各量用链式法则",
    "rule.derive": "对式{equations}求导",
    "rule.derive.quotient": "对式{equations}求导，用商的求导法则",
    "rule.derive.slope": "{function}的导数为{slope}",
    "rule.entry": "元素间求导得克罗内克符号",
    "rule.insert": "代入式{equations}",
    "rule.contract": "消去求和，{renamed}",
    "rule.contract.sum": "克罗内克符号与求和下标无关，提到求和号外",
    "rule.contract.branches": "克罗内克符号提到各分支之外",
    "rule.re-express": "由式{equations}用前向传播的值改写",
    "rule.re-express.values": "由式{equations}改写，{values}",
    "rule.re-express.value": "{old}为{new}",
    "rule.re-express.counted": "由式{equations}用前向传播的值改写，相同的项合计",
    "rule.split": "求和逐项拆开",
    "rule.pull": "与求和下标无关的因子提到求和号外",
    "rule.pull.product": "因子相乘",
    "rule.copies": "与求和下标无关的项，求和等于乘以项数",
    "rule.cancel": "分子分母约分",
    "rule.factor": "提取公因式",
    "rule.sign": "负号移入括号，各项变号",
    "rule.divide": "分子分母同除以指数项",
    "rule.expand": "展开括号",
    "rule.collect": "合并同类项",
    "rule.fact": "由已知条件{facts}",
    "rule.fact.by": "由已知条件{facts}，经由式{equations}",
    "rule.solve": "由克罗内克符号解出下标",
    "rule.solve.for": "由克罗内克符号解出下标，{renamed}",
    "rule.guard": "带条件的因子合并，各条件须同时成立",
    "rule.single": "条件使求和只剩一项，{renamed}",
    "rule.zero": "条件不成立时式{equations}为0",
    "rule.cases": "两项不会同时出现，分情况写出",
    "rule.under": "同一条件下的各项合在一起",
    "rule.turn": "下标倒序，{renamed}",
    "form.numbers": "用向量表示，{shape}",
    "form.numbers.all": "用向量表示，{shape}（对所有{letters}）",
    "form.vector": "向量形式，长度为{shape}",
    "form.vector.all": "向量形式，长度为{shape}（对所有{letters}）",
    "form.matrix": "矩阵形式，{shape}",
    "form.matrix.all": "矩阵形式，{shape}（对所有{letters}）",
    "form.cases": "其余因子并入各种情况",
    "form.transposed": "转置，使求和下标相邻",
}

# --- the last pages: gradients, update, module

SUMMARY: dict[str, str | Forms] = {
    "heading.gradients": "完整的反向传播",
    "gradients.order": "各式按计算的先后顺序列出；梯度前有三角形标记。",
    "gradients.inserted": "已代入其他式子的偏导数不再列出。",
    "loop.down": "对每个{letters}，从大到小：",
    "loop.up": "对每个{letters}，从小到大：",
    "loop.both": "对每个{down}从大到小，对每个{up}从小到大：",
    "gradients.lines": "第{lines}行",
    "update.step": "梯度下降的每一步使各参数沿梯度的反方向移动，步长由自行选定的学习率决定：",
    "update.each": "{update}，对每个{layer}",
    "heading.module": "对应代码",
    "module.brackets": "在{file}中，各式的编号写在方括号里，位于计算该式的代码行上方。反向传播各式的行号见上面的方框，"
    "前向传播各式的行号如下：",
    "column.equation": "公式",
    "column.lines": "行",
}

# --- the Hessian times a vector

HESSIAN: dict[str, str | Forms] = {
    "heading.hessian": "黑塞矩阵与向量的乘积",
    "hessian.vector": "设参数沿一个向量移动，该向量由{vector}组成。",
    "hessian.dot": "字母上的点表示该量随之变化的速率，即沿该向量的方向导数。",
    "hessian.products": "梯度的变化由二阶导数决定，所以{products}就是黑塞矩阵与该向量之积的各部分。",
    "hessian.equations": "每个式子都按原样求导，前向传播的式子和偏导数的式子都是如此；与参数无关的量上面没有点。",
    "hessian.kinks": "参数作微小移动时，条件和argmax保持不变。在不可导点处并非如此，"
    "那里的二阶导数取所选分支的二阶导数。",
    "heading.hessian.forward": "沿该向量前向传播",
    "heading.hessian.backward": "沿该向量，从损失函数出发反向传播",
    "heading.hessian.box": "完整的乘积",
    "hessian.order": "除上面的式子外，求该乘积还需要下列各式，按计算的先后顺序列出：",
}

# --- what was checked

CHECKS: dict[str, str | Forms] = {
    "heading.checks": "数值检验",
    "heading.checks.table": "检验明细",
    "checks.equalities": "以上列出的{count}个等式，两边都分别求过值。求值的解释器只懂得求和、乘积与函数，"
    "维数取得较小，一般互不相同，数值随机选取。",
    "checks.bar": "带上划线的量，由对应的量作微小变动求出。",
    "checks.bar.dot": "带上划线的量，由对应的量作微小变动求出；带点的量，由沿该向量移动一小步求出。",
    "checks.agree": "两边之差不超过{bound}，这是相对于1与各项中较大者的误差；计算用双精度，"
    "双精度损失的有效数字过多时用五十位精度。",
    "checks.sympy": "SymPy独立地对该网络求导：在较小的维数下把网络写成标量，求出各个偏导数与局部偏导数，"
    "逐元素同推导的结果比较。",
    "checks.sympy.all": "全部{count}个差都精确为0。",
    "checks.sympy.some": "{count}个差中，{proved}个精确为0，{evaluated}个在若干点上以五十位精度算得为0。",
    # 同样的内容，用几句话说
    "checks.brief": "以上{count}个等式都在随机数值下对两边分别求值，求值程序与推导没有共用的代码；"
    "两边之差不超过{bound}。",
    "checks.sympy.brief": "SymPy独立求得的{count}个元素全部精确相同。",
    "checks.sympy.brief.some": "SymPy独立求得的{count}个元素中，{proved}个精确相同，{evaluated}个在五十位精度下相同。",
    "checks.module": "代码在同类数据上运行，结果与几种独立方法求得的值比较。",
    "checks.numbers": "表中的数字是比较过的数值个数；误差都不超过该列开头或数字旁注明的上限。",
    "checks.scales": "代码还分别以单精度和双精度运行过，数据的大小从千分之一到一千，其中有精确的0和1。",
    "checks.rounding": "按定义逐个运算求导本身就有舍入误差，代码的舍入误差至多是它的{bound}倍。",
    "column.checked": "检验项",
    "column.witness": "{witness}，{bound}",
    "checks.cell": "{count}，{bound}",
    "checks.exact": "完全一致",
    "checks.gradient": "对{quantity}的梯度",
    "checks.product": "黑塞矩阵乘以向量，{quantity}",
    "checks.along": "黑塞矩阵乘以向量：{what}",
    "checks.symmetric": "黑塞矩阵是对称的",
    "witness.interpreter": "解释器",
    "witness.complex step": "复数步长法",
    "witness.central difference": "中心差分",
    "witness.random directions": "随机方向",
    "witness.symmetry": "对称性",
    "witness.rounding": "舍入",
    "witness.SymPy": "SymPy",
    "witness.interface": "接口",
    "checked.loss": "损失函数",
    "checked.float32": "单精度",
    "checked.inputs unchanged": "输入未被改动",
    "checked.out and work reused": "重复使用out与work",
}

# --- where a formula stands, for a message that it is wrong

PLACES: dict[str, str | Forms] = {
    "place.equation": "式({number})",
    "place.lesson": "式({number})，简写",
    "place.solved": "式({number})，已解出",
    "place.matrix": "{place}，矩阵形式",
    "place.fact": "已知条件{label}",
    "place.entry": "{quantity}的一个元素",
    "place.box": "方框，{quantity}",
}

# --- how LaTeX sets it: with Debian's fonts, or where they are not, with those that ctex finds

PACKAGES = "texlive-xetex texlive-lang-chinese texlive-fonts-recommended fonts-noto-cjk"
SERIF, SANS, MONO = "Noto Serif CJK SC", "Noto Sans CJK SC", "Noto Sans Mono CJK SC"
FONTS = Fonts(
    letters=LATIN.letters + HAN,
    above=(
        "!TeX program = xelatex",
        "Run xelatex on this file, twice. Debian has what it needs in:",
        "用xelatex编译两遍。Debian上需要的软件包：",
        PACKAGES,
    ),
    preamble=(
        "\\usepackage{iftex}\\RequireXeTeX",
        "\\usepackage{fontspec,lmodern,microtype}",
        f"\\IfFontExistsTF{{{SERIF}}}{{\\PassOptionsToPackage{{fontset=none}}{{ctex}}}}{{}}",
        "\\IfFileExists{ctex.sty}{\\usepackage[scheme=plain]{ctex}}{\\usepackage{xeCJK}}",
        f"\\IfFontExistsTF{{{SERIF}}}{{\\setCJKmainfont{{{SERIF}}}[ItalicFont=*]%",
        f"  \\setCJKsansfont{{{SANS}}}\\setCJKmonofont{{{MONO}}}}}{{}}",
        "\\linespread{1.12}",
        # In the first run a reference is no link yet. With a colour it breaks lines and pages there as in the second.
        "\\AtBeginDocument{\\let\\linked\\eqref\\renewcommand{\\eqref}[1]{\\textcolor{black}{\\linked{#1}}}}",
    ),
)

CHINESE = Language(
    file="symbp/document/words/zh.py",
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
    fonts=FONTS,
)
