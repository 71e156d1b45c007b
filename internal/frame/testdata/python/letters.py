"""Python's struct on random formats, on every half float, and on the floats
between those that a short type has.

  {"format": "<bHe", "hex": bytes, "want": [values], "back": bytes}
  {"type": "<e", "value": a double as float.hex() writes it, "back": bytes, or null where struct refuses}

want is as in values.py; a text is the text itself, in quotes. back is what
struct packs of the values: pad bytes are 0.

  python3 letters.py CASES SEED
"""

import json
import math
import random
import struct
import sys

LETTERS = "bBhHiIlLqQ" * 2 + "?efdxs"


def text(value):
    if isinstance(value, bytes):
        return '"' + value.rstrip(b"\0").decode() + '"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return value.hex() if math.isfinite(value) else None
    return str(value)


def unpacked(fmt, data):
    values = struct.unpack(fmt, data)
    return {"format": fmt, "hex": data.hex(), "want": [text(v) for v in values], "back": struct.pack(fmt, *values).hex()}


def random_format(rng):
    fmt = rng.choice("<>!")
    for _ in range(rng.randint(1, 8)):
        letter = rng.choice(LETTERS)
        count = rng.choice(["", "", "", str(rng.randint(1, 4))])
        fmt += count + letter + rng.choice(["", "", " "])
    return fmt if any(c not in "<>! x0123456789" for c in fmt) else random_format(rng)


def random_bytes(fmt, rng):
    """Random bytes; text has letters, some with NULs behind them."""
    data = bytearray(rng.randbytes(struct.calcsize(fmt)))
    for i, value in enumerate(struct.unpack(fmt, data)):
        if isinstance(value, bytes):
            values = list(struct.unpack(fmt, data))
            word = "".join(rng.choice("abcXYZ 019") for _ in range(rng.randint(1, len(value))))
            values[i] = word.encode()
            data = bytearray(struct.pack(fmt, *values))
    return bytes(data)


def between(code, bits, rng):
    """A double at, beside or in the middle of two floats of so many bits."""
    size = bits // 8
    below = struct.unpack("<" + code, rng.getrandbits(bits).to_bytes(size, "little"))[0]
    if not math.isfinite(below):
        return rng.choice([1, -1]) * rng.uniform(60000, 70000) if code == "e" else rng.uniform(1, 1.5) * 2.0**127
    step = {"e": 2.0**-24, "f": 2.0**-149}[code]
    if below:
        step = max(step, 2.0 ** (math.frexp(below)[1] - {"e": 11, "f": 24}[code]))
    return below + step * rng.choice([0, 0.25, 0.5, 0.5, 0.75, rng.random()])


def packed(code, value):
    prefix = "<"
    try:
        back = struct.pack(prefix + code, value).hex()
    except OverflowError:
        back = None
    return {"type": prefix + code, "value": value.hex(), "back": back}


def main():
    cases, rng = int(sys.argv[1]), random.Random(int(sys.argv[2]))
    for first in range(0, 1 << 16, 16):
        for fmt in ("<16e", ">16e"):
            data = struct.pack(fmt[0] + "16H", *range(first, first + 16))
            print(json.dumps(unpacked(fmt, data)))
    for i in range(cases):
        fmt = random_format(rng)
        print(json.dumps(unpacked(fmt, random_bytes(fmt, rng))))
        code, bits = rng.choice([("e", 16), ("f", 32)])
        print(json.dumps(packed(code, between(code, bits, rng))))


if __name__ == "__main__":
    main()
