"""Computed values, from docs/frames.md: expressions are drawn as trees, written
with as few parentheses as their operators need, and computed from the tree."""
import math

# From loose to tight.
LEVELS = [["||"], ["&&"], ["==", "!=", "<=", ">=", "<", ">"], ["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]]
TREES = {}  # text to tree


def level_of(op):
    return next(i for i, ops in enumerate(LEVELS) if op in ops)


def draw(rng, names, depth=3):
    """A tree over some of the names."""
    kind = rng.randrange(10)
    if depth == 0 or kind < 2:
        if rng.random() < 0.7:
            return ("name", rng.choice(names))
        return ("number", rng.choice(["0", "1", "2", "3", "10", "0.5", "0x1F", "255", ".25"]))
    sub = lambda: draw(rng, names, depth - 1)
    if kind < 7:
        return ("op", rng.choice(rng.choice(LEVELS)), sub(), sub())
    if kind == 7:
        return ("sign", rng.choice("-!"), sub())
    if kind == 8:
        return ("choose", sub(), sub(), sub())
    name = rng.choice(["abs", "min", "max", "sqrt", "round", "floor"])
    return ("call", name, *[sub() for _ in range(rng.randint(2, 3) if name in ("min", "max") else 1)])


def write(tree, level=-1):
    """The tree as text, in parentheses where it binds looser than level."""
    match tree:
        case ("name" | "number", text):
            return text
        case ("call", name, *values):
            return f"{name}({', '.join(write(v) for v in values)})"
        case ("sign", op, v):
            return op + write(v, len(LEVELS))
        case ("choose", c, a, b):
            text, own = f"{write(c, 0)} ? {write(a)} : {write(b)}", -1
        case ("op", op, a, b):
            own = level_of(op)
            # Comparisons stand alone; all others are read from the left.
            text = f"{write(a, own + (own == 2))} {op} {write(b, own + 1)}"
    return f"({text})" if own < level else text


def drawn(rng, names):
    while True:
        tree = draw(rng, names)
        text = write(tree)
        if len(text) <= 400:
            TREES[text] = tree
            return text


def evaluate(text, value):
    """The value, or None; value gives that of a name, or None."""
    tree = TREES[text]
    if any(value(n) is None for n in names_in(tree)):
        return None
    return compute(tree, value)


def names_in(tree):
    if tree[0] == "name":
        return {tree[1]}
    return set().union(*[names_in(t) for t in tree if isinstance(t, tuple)], set())


def compute(tree, value):
    """The value of a tree, or None: what is no number is no value."""
    v = computed(tree, value)
    return None if v is None or math.isnan(v) else v


def computed(tree, value):
    match tree:
        case ("name", name):
            return float(value(name))
        case ("number", text):
            return float(int(text, 16)) if text.startswith("0x") else float(text)
        case ("sign", op, v):
            v = compute(v, value)
            return None if v is None else -v if op == "-" else float(v == 0)
        case ("choose", c, a, b):
            c = compute(c, value)
            return None if c is None else compute(a if c else b, value)
        case ("op", "&&" | "||" as op, a, b):
            return joined(op, compute(a, value), compute(b, value))
        case ("op", op, a, b):
            a, b = compute(a, value), compute(b, value)
            return None if a is None or b is None else operate(op, a, b)
        case ("call", name, *values):
            values = [compute(v, value) for v in values]
            return None if None in values else call(name, values)


def joined(op, a, b):
    settles = op == "||"
    if any(v is not None and bool(v) == settles for v in (a, b)):
        return float(settles)
    return None if None in (a, b) else float(not settles)


def operate(op, a, b):
    match op:
        case "+" | "-":
            return a + b if op == "+" else a - b
        case "*":
            return a * b
        case "/":
            return a / b if b else None
        case "%":
            return math.fmod(a, b) if b and math.isfinite(a) else None
        case "&" | "|" | "^" | "<<" | ">>":
            return bitwise(op, a, b)
    return float({"==": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def bitwise(op, a, b):
    if a != math.floor(a) or b != math.floor(b) or max(abs(a), abs(b)) >= 2.0 ** 63:
        return None
    a, b = int(a), int(b)
    if op in ("<<", ">>") and not 0 <= b <= 63:
        return None
    return float({"&": lambda: a & b, "|": lambda: a | b, "^": lambda: a ^ b, "<<": lambda: a << b, ">>": lambda: a >> b}[op]())


def call(name, values):
    if name in ("round", "floor") and math.isinf(values[0]):
        return values[0]
    match name:
        case "min" | "max":
            return min(values) if name == "min" else max(values)
        case "abs":
            return abs(values[0])
        case "sqrt":
            return math.sqrt(values[0]) if values[0] >= 0 else None
        case "floor":
            return float(math.floor(values[0]))
    return float(round_away(values[0]))


def round_away(v):
    """The nearest integer, halves away from zero; v is a float or a Fraction."""
    n = math.trunc(v)
    if abs(v - n) * 2 >= 1:
        n += 1 if v > 0 else -1
    return n
