"""Types, checks and escapes, for oracle.py."""
LETTERS = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 4, "L": 4, "q": 8, "Q": 8, "e": 2, "f": 4, "d": 8}


class Refused(Exception):
    """These bytes are no frame."""


# Types. A type is (order, kind, number): ("<", "u", 12), (">", "bcd", 4).

def parse_type(text):
    order = "<"
    if text[0] in "<>":
        order, text = text[0], text[1:]
    if text[-1] in "sz" and text[:-1].isdigit():
        return order, text[-1], int(text[:-1])
    for kind in ("bcd", "midi", "hex", "u", "i"):
        if text.startswith(kind) and text[len(kind):].isdigit():
            return order, kind + "N" if kind in "ui" else kind, int(text[len(kind):])
    return order, text, LETTERS.get(text, 1)


def bits_of(data, order):
    """The bits of bytes in the order of a run."""
    return [b >> (i if order == "<" else 7 - i) & 1 for b in data for i in range(8)]


def from_bits(bits, order):
    if order == "<":
        bits = bits[::-1]
    return int("".join(map(str, bits)), 2)


def signed(v, bits):
    return v - (1 << bits) if v >> (bits - 1) else v


def reorder(data, order):
    """The bytes of a number, the most significant first."""
    return bytes(data[order.index(c)] for c in sorted(order))


# Checks.

CRCS = {  # width, poly, init, reflected, xorout
    "crc-16/modbus": (16, 0x8005, 0xFFFF, True, 0), "crc-16/xmodem": (16, 0x1021, 0, False, 0),
    "crc-8/smbus": (8, 0x07, 0, False, 0), "crc-32/iso-hdlc": (32, 0x04C11DB7, 0xFFFFFFFF, True, 0xFFFFFFFF),
}
SIZES = {"sum8": 1, "xor8": 1, "neg-sum8": 1, "not-sum8": 1, "sum16": 2, "sum+sum": 2}


def crc(data, width, poly, register, reflected, xorout):
    for b in data:
        if reflected:
            b = int(f"{b:08b}"[::-1], 2)
        register ^= b << (width - 8)
        for _ in range(8):
            register <<= 1
            if register >> width:
                register ^= 1 << width | poly
    if reflected:
        register = int(f"{register:0{width}b}"[::-1], 2)
    return register ^ xorout


def checksum(kind, data):
    if kind in CRCS:
        return crc(data, *CRCS[kind])
    if kind == "xor8":
        v = 0
        for b in data:
            v ^= b
        return v
    if kind == "sum+sum":
        a = b = 0
        for x in data:
            a += x
            b += a
        return a % 256 | b % 256 << 8
    total = sum(data)
    total = {"neg-sum8": -total, "not-sum8": ~total}.get(kind, total)
    return total % (1 << 8 * SIZES[kind])


def check_size(k):
    return SIZES.get(k["Kind"]) or CRCS[k["Kind"]][0] // 8


def sliced(text, total):
    a, b = text.split(":")
    return list(range(total))[int(a) if a else None:int(b) if b else None]


# What stands on the line.

ESCAPES = {"hdlc": (0x7E, 0x7D), "slip": (0xC0, 0xDB), "xbee": (0x7E, 0x7D)}


def escape_map(stuff):
    """Byte meant to byte behind esc, as written; byte behind esc to byte meant."""
    if stuff.get("Kind") == "slip":
        pairs = {0xC0: 0xDC, 0xDB: 0xDD}
        return pairs, {v: k for k, v in pairs.items()}
    if stuff.get("Kind"):
        return {b: b ^ 0x20 for b in (0x7E, 0x7D, 0x11, 0x13)}, {b: b ^ 0x20 for b in range(256) if b != 0x7E}
    read = {int(k, 0): v for k, v in stuff["Map"].items()}
    return {v: k for k, v in read.items()}, read


def cobs(data):
    out = bytearray()
    data = bytes(data) + b"\0"
    block = bytearray()
    for i, b in enumerate(data):
        if b:
            block.append(b)
            if len(block) == 254:
                out += b"\xff" + block
                block = bytearray()
                if i == len(data) - 2:
                    return bytes(out)
        else:
            out.append(len(block) + 1)
            out += block
            block = bytearray()
    return bytes(out)


def uncobs(data):
    out = bytearray()
    while data:
        n = data[0]
        if n == 0 or n > len(data):
            raise Refused
        out += data[1:n]
        data = data[n:]
        if n < 255 and data:
            out.append(0)
    return bytes(out)
