"""Random values of the frame language, computed by Python's own arithmetic.

Each line of the output is one frame of fields, as JSON:

  {"fields": [{"type": "<i11", "at": 2, "bit": 5}, ...],
   "frames": [{"hex": bytes, "want": [values], "back": bytes}, ...]}

want holds a text for each value: an integer, a float as float.hex() writes it,
or null where there is none. back is the frame with those values and nothing
else: every other bit is 0.

  python3 values.py CASES SEED
"""

import json
import math
import random
import struct
import sys

FRAMES = 10  # of each layout


class Layout:
    """Fields over the bytes of a frame; each reads and writes one integer."""

    def __init__(self, size):
        self.size = size
        self.fields = []
        self.readers = []

    def add(self, field, place, get, put):
        """A field that stands at a place; see Run and Bytes.

        get makes a value of the unsigned integer there, put that of a value.
        """
        self.fields.append(field)
        self.readers.append((place, get, put))

    def frame(self, rng, draw):
        data = bytearray(rng.randbytes(self.size))
        for (place, _, _), drawn in zip(self.readers, draw):
            if drawn is not None:
                scatter(data, place.bits(), drawn(rng))
        want = [get(place.read(data)) for place, get, _ in self.readers]
        back = bytearray(self.size)
        for (place, _, put), value in zip(self.readers, want):
            if value is not None:
                scatter(back, place.bits(), put(value))
        return {"hex": data.hex(), "want": [text(v) for v in want], "back": back.hex()}


class Run:
    """Bits that follow each other: "<" from bit 0 up, ">" from bit 7 down."""

    def __init__(self, first, width, prefix):
        self.first, self.width, self.prefix = first, width, prefix

    def read(self, data):
        if self.prefix == "<":
            n = int.from_bytes(data, "little") >> self.first
        else:
            n = int.from_bytes(data, "big") >> (8 * len(data) - self.first - self.width)
        return n & ((1 << self.width) - 1)

    def bits(self):
        """(byte, bit 0 to 7), from the number's lowest bit to its highest."""
        places = range(self.first, self.first + self.width)
        if self.prefix == "<":
            return [(i // 8, i % 8) for i in places]
        return [(i // 8, 7 - i % 8) for i in reversed(places)]


class Bytes:
    """Whole bytes, of which rank 0 is the least significant."""

    def __init__(self, at, ranks, bits_each=8):
        self.at, self.ranks, self.each = at, ranks, bits_each

    def read(self, data):
        line = data[self.at : self.at + len(self.ranks)]
        if self.each == 8:
            return int.from_bytes(bytes(line[i] for i in self.places()), "little")
        return sum((line[i] & 0x7F) << 7 * rank for rank, i in enumerate(self.places()))

    def places(self):
        return [self.ranks.index(rank) for rank in range(len(self.ranks))]

    def bits(self):
        return [(self.at + i, bit) for i in self.places() for bit in range(self.each)]


def scatter(data, bits, value):
    for i, (byte, bit) in enumerate(bits):
        data[byte] = data[byte] & ~(1 << bit) | (value >> i & 1) << bit


def text(value):
    if value is None:
        return None
    return value.hex() if isinstance(value, float) else str(value)


def straight(at, size, prefix, bits_each=8):
    ranks = list(range(size))
    return Bytes(at, ranks if prefix == "<" else ranks[::-1], bits_each)


def unsigned(width):
    return (lambda n: n, lambda v: v)


def complement(width):
    """Two's complement, by way of int.from_bytes."""

    def get(n):
        extended = n << (64 - width)
        return int.from_bytes(extended.to_bytes(8, "big"), "big", signed=True) >> (64 - width)

    return (get, lambda v: v & ((1 << width) - 1))


def integer(kind, width):
    return unsigned(width) if kind == "u" else complement(width)


def lone(rng):
    """One number of any width at any bit."""
    kind, width, prefix = rng.choice("ui"), rng.randint(1, 64), rng.choice("<>")
    at, bit = rng.randint(0, 12), rng.choice([0, rng.randint(0, 7), rng.randint(0, 40)])
    size = at + (bit + width + 7) // 8 + rng.randint(0, 9)
    layout = Layout(size)
    field = {"type": f"{prefix}{kind}{width}", "at": at, "bit": bit}
    if bit % 8 == 0 and rng.random() < 0.3:
        field = {"type": field["type"], "at": at + bit // 8}
    if rng.random() < 0.2:  # from the end, behind which stands a check of a byte
        field["at"] -= size + 1
        if field["at"] + field.get("bit", 0) // 8 >= -1:
            return lone(rng)
    layout.add(field, Run(8 * at + bit, width, prefix), *integer(kind, width))
    return layout, [None]


LETTERS = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8}


def several(rng):
    """Numbers behind each other, in runs that change their order and end."""
    at, first, before = rng.randint(0, 3), 0, None
    placed = []
    prefix = rng.choice("<>")
    for _ in range(rng.randint(2, 9)):
        if rng.random() < 0.15:
            prefix = rng.choice("<>")
        if rng.random() < 0.1:
            letter = rng.choice(list(LETTERS))
            width = 8 * LETTERS[letter]
            first, before = -(-first // 8) * 8, None
            place = straight(at + first // 8, width // 8, prefix)
            kind, name = "u" if letter.isupper() else "i", prefix + letter
        else:
            kind, width = rng.choice("ui"), rng.choice([rng.randint(1, 12), rng.randint(1, 64)])
            if before != prefix:
                first = -(-first // 8) * 8
            place, name, before = Run(8 * at + first, width, prefix), f"{prefix}{kind}{width}", prefix
        placed.append((name, place, integer(kind, width)))
        first += width
    layout = Layout(at + -(-first // 8) + rng.randint(0, 2))
    for i, (name, place, how) in enumerate(placed):
        layout.add({"type": name, "at": at} if i == 0 else {"type": name}, place, *how)
    return layout, [None] * len(placed)


def bytewise(rng):
    """1 to 8 whole bytes, 24 bits among them."""
    kind, size, prefix, at = rng.choice("ui"), rng.choice([3, rng.randint(1, 8)]), rng.choice("<>"), rng.randint(0, 9)
    layout = Layout(at + size + rng.randint(0, 9))
    layout.add({"type": f"{prefix}{kind}{8 * size}", "at": at}, straight(at, size, prefix), *integer(kind, 8 * size))
    return layout, [None]


def floating(size):
    code = {2: "<e", 4: "<f", 8: "<d"}[size]

    def get(n):
        value = struct.unpack(code, n.to_bytes(size, "little"))[0]
        return value if math.isfinite(value) else None

    return (get, lambda v: int.from_bytes(struct.pack(code, v), "little"))


def swapped(rng):
    """Bytes in an order of their own, integers and floats."""
    size, at = rng.choice([2, 4, 4, 8]), rng.randint(0, 9)
    ranks = list(range(size))  # of each byte on the line; 0 the most significant
    if rng.random() < 0.5:
        rng.shuffle(ranks)
    elif rng.random() < 0.5:  # words swapped
        ranks = [r for i in range(size - 2, -2, -2) for r in ranks[i : i + 2]]
    else:  # the bytes of each word swapped
        ranks = [r for i in range(0, size, 2) for r in ranks[i : i + 2][::-1]]
    kind = rng.choice("uif")
    letter = {"u": "BHIQ", "i": "bhiq", "f": "?efd"}[kind][(size - 1).bit_length()]
    how = floating(size) if kind == "f" else integer(kind, 8 * size)
    layout = Layout(at + size + rng.randint(0, 4))
    order = "".join("ABCDEFGH"[r] for r in ranks)
    layout.add({"type": letter, "at": at, "order": order}, Bytes(at, [size - 1 - r for r in ranks]), *how)
    return layout, [None]


def decimal(size, top=10):
    def get(n):
        digits = f"{n:0{2 * size}x}"
        return int(digits) if digits.isdecimal() and int(digits[0]) < top else None

    return (get, lambda v: int(str(v), 16))


def digits(rng):
    """BCD, mostly of good digits, and seven bits a byte."""
    size, prefix, at = rng.randint(1, 9), rng.choice("<>"), rng.randint(0, 4)
    layout = Layout(at + size + rng.randint(0, 4))
    if rng.random() < 0.5:
        layout.add({"type": f"{prefix}bcd{size}", "at": at}, straight(at, size, prefix), *decimal(size))
        good = rng.random() < 0.8
        return layout, [(lambda r: int(str(r.randrange(100**size)), 16)) if good else None]
    layout.add({"type": f"{prefix}midi{size}", "at": at}, straight(at, size, prefix, 7), *unsigned(7 * size))
    return layout, [None]


def magnitude(get, put, width):
    """Sign and magnitude of the highest bit."""
    top = 1 << (width - 1)

    def signed(n):
        value = get(n & ~top)
        if value is None or value >= 1 << 63:
            return None
        return -value if n & top else value

    return (signed, lambda v: put(abs(v)) | (top if v < 0 else 0))


def signs(rng):
    """The highest bit is the sign of an unsigned integer or of BCD."""
    prefix, at = rng.choice("<>"), rng.randint(0, 4)
    if rng.random() < 0.3:
        size = rng.randint(1, 9)
        layout = Layout(at + size + rng.randint(0, 4))
        how = magnitude(*decimal(size), 8 * size)
        layout.add({"type": f"{prefix}bcd{size}", "at": at, "sign": "msb"}, straight(at, size, prefix), *how)
        return layout, [lambda r: int(str(r.randrange(8 * 10 ** (2 * size - 1))), 16) | r.getrandbits(1) << (8 * size - 1)]
    width, bit = rng.randint(2, 64), rng.randint(0, 7)
    layout = Layout(at + (bit + width + 7) // 8 + rng.randint(0, 4))
    how = magnitude(*unsigned(width), width)
    layout.add({"type": f"{prefix}u{width}", "at": at, "bit": bit, "sign": "msb"}, Run(8 * at + bit, width, prefix), *how)
    return layout, [None]


KINDS = [lone] * 8 + [several] * 6 + [bytewise] * 2 + [swapped] * 2 + [digits, signs]


def main():
    cases, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    for i in range(cases // FRAMES):
        layout, draw = KINDS[i % len(KINDS)](rng)
        frames = [layout.frame(rng, draw) for _ in range(FRAMES)]
        print(json.dumps({"fields": layout.fields, "frames": frames}))


if __name__ == "__main__":
    main()
