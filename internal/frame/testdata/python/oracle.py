"""A second implementation of the frame language, from docs/frames.md and
docs/wire.md: slow and plain, whole frames in memory. It draws descriptions and
frames of them, intact and damaged, and prints what each must give.

    oracle.py CASES SEED    one JSON object a line, keys as in frame.Description
"""
import json
import math
import random
import struct
import sys
from fractions import Fraction

import oracle_draw as draw
import oracle_lines
from oracle_expr import evaluate, round_away

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


class Format:
    """One description."""

    def __init__(self, d):
        self.d = d
        self.sync = [self.word(w) for w in d.get("Sync", "").split()]
        self.end = bytes.fromhex(d.get("End", ""))
        self.checks = [dict(k) for k in d.get("Check", [])]
        self.trailer = len(self.end)
        for k in self.checks:
            if k.get("At") is None:
                k["At"] = -len(self.end) - check_size(k)
            if k["At"] < 0:
                self.trailer = max(self.trailer, -k["At"])
        self.messages = d.get("Messages") or [{"Name": "x", "Fields": d["Fields"]}]
        self.stuff = d.get("Stuff") or {}
        self.delimiter = {"hdlc": 0x7E, "slip": 0xC0, "cobs": 0}.get(self.stuff.get("Kind"))

    @staticmethod
    def word(w):
        def fits(b):
            return any(all(x in ("?", y) for x, y in zip(alternative, f"{b:02X}")) for alternative in w.split("|"))
        return [b for b in range(256) if fits(b)], int(w.split("|")[0].replace("?", "0"), 16)

    # Escapes.

    def wire(self, frame):
        kind = self.stuff.get("Kind")
        if not self.stuff or kind == "dxl2":
            return frame
        if kind == "cobs":
            return cobs(frame) + b"\0"
        writes, _, esc, plain, _ = self.escapes()
        out = bytearray(frame[:plain])
        for b in frame[plain:]:
            out += bytes([esc, writes[b]]) if b in writes else bytes([b])
        if self.delimiter is not None:
            return bytes([self.delimiter]) + out + bytes([self.delimiter])
        return bytes(out)

    def unescaped(self, line):
        """As many bytes of a frame as stand at the front of a line, and where
        each of them ends on it."""
        if not self.stuff or self.stuff.get("Kind") == "dxl2":
            return line, range(1, len(line) + 1)
        _, reads, esc, plain, fresh = self.escapes()
        out, ends, at = bytearray(), [], 0
        while at < len(line):
            b = line[at]
            at += 1
            if len(out) >= plain:
                if b in fresh or b == esc and (at == len(line) or line[at] not in reads):
                    break
                if b == esc:
                    b = reads[line[at]]
                    at += 1
            out.append(b)
            ends.append(at)
        return bytes(out), ends

    def escapes(self):
        """How bytes are written and read, the byte in front of them, how many at
        the front stand as they are, and which never stand inside a frame."""
        kind = self.stuff.get("Kind")
        writes, reads = escape_map(self.stuff)
        esc = ESCAPES[kind][1] if kind else self.stuff["Esc"]
        plain = 1 if kind == "xbee" else 0 if kind else len(self.sync)
        fresh = set()
        if self.delimiter is None and len(self.sync[0][0]) == 1 and self.sync[0][1] in writes:
            fresh = {self.sync[0][1]} - {esc}
        return writes, reads, esc, plain, fresh

    def unwire(self, wire):
        """The frame that a whole piece of the line stands for."""
        kind = self.stuff.get("Kind")
        if not self.stuff or kind == "dxl2":
            return wire
        if self.delimiter is not None:
            wire = wire.strip(bytes([self.delimiter]))
            if self.delimiter in wire:
                raise Refused
        if kind == "cobs":
            return uncobs(wire)
        _, reads, esc, plain, fresh = self.escapes()
        out, rest = bytearray(wire[:plain]), wire[plain:]
        while rest:
            b, rest = rest[0], rest[1:]
            if b == esc:
                if not rest or rest[0] not in reads:
                    raise Refused
                b, rest = reads[rest[0]], rest[1:]
            elif b in fresh:
                raise Refused
            out.append(b)
        return bytes(out)

    # What the fields see.

    def head(self):
        reach = len(self.sync)
        for r in [self.d.get("ID"), self.d.get("Length")] + (self.d.get("Length") or {}).get("Sum", []):
            if r:
                reach = max(reach, r["At"] + (1 if r.get("Type") == "varint" else self.width(r)))
        return reach

    def view(self, frame):
        if self.stuff.get("Kind") == "dxl2":
            head, tail = self.head(), len(frame) - self.trailer
            data = frame[head:tail].replace(b"\xff\xff\xfd\xfd", b"\xff\xff\xfd")
            frame = frame[:head] + data + frame[tail:]
        if self.varint():
            at = self.d["Length"]["At"]
            frame = frame[:at + 1] + frame[at + self.varint_size(frame):]
        return self.mask(frame, undo=True)

    def unview(self, view):
        """Without the length of the varint, which seal writes."""
        view = self.mask(view, undo=False)
        if self.stuff.get("Kind") == "dxl2":
            head, tail = self.head(), len(view) - self.trailer
            view = view[:head] + view[head:tail].replace(b"\xff\xff\xfd", b"\xff\xff\xfd\xfd") + view[tail:]
        return view

    def mask(self, data, undo):
        u = self.d.get("Unmask")
        if not u:
            return data
        out = bytearray(data)
        over = u.get("Over") or f"{max(self.d.get('Data', 0), len(self.sync))}:{-self.trailer or ''}"
        for i in sliced(over, len(out)):
            if u.get("Xor"):
                out[i] ^= u["Xor"]
            else:
                out[i] = (out[i] - u["Sub"] if undo else out[i] + u["Sub"]) % 256
        return bytes(out)

    # Numbers in the head.

    @staticmethod
    def width(ref):
        _, kind, n = parse_type(ref.get("Type") or "B")
        return n // 8 if kind == "uN" else n

    def number(self, frame, ref):
        """A length, id or sequence number, as the board means it."""
        data = frame[ref["At"]:ref["At"] + self.width(ref)]
        return int.from_bytes(data, "big" if (ref.get("Type") or "B")[0] == ">" else "little")

    def put(self, frame, ref, v):
        n = self.width(ref)
        data = (v % (1 << 8 * n)).to_bytes(n, "big" if (ref.get("Type") or "B")[0] == ">" else "little")
        frame[ref["At"]:ref["At"] + n] = data

    def varint(self):
        return (self.d.get("Length") or {}).get("Type") == "varint"

    def varint_size(self, frame):
        at = self.d["Length"]["At"]
        for n in range(1, 5):
            if at + n > len(frame):
                raise Refused
            if frame[at + n - 1] < 0x80:
                if n > 1 and frame[at + n - 1] == 0:
                    raise Refused
                return n
        raise Refused

    def claimed(self, frame):
        """The total that the frame's length says."""
        l = self.d["Length"]
        more = 0
        if self.varint():
            n = self.varint_size(frame)
            v = sum((frame[l["At"] + i] & 0x7F) << 7 * i for i in range(n))
            more = n - 1
        else:
            v = self.number(frame, l)
        v += sum(self.number(frame, r) for r in l.get("Sum", []))
        return v * l.get("Mul", 1) + l.get("Add", 0), more

    def id_of(self, frame):
        if not self.d.get("ID"):
            return None
        return self.number(self.mask(frame, undo=True), self.d["ID"])

    # Sealing: everything that does not depend on the values.

    def seal(self, frame, m, checks_only=False):
        frame = bytearray(frame)
        if not checks_only:
            for i, (_, first) in enumerate(self.sync):
                frame[i] = first
            if self.d.get("ID") and m.get("ID"):
                plain = bytearray(self.mask(bytes(frame), undo=True))
                self.put(plain, self.d["ID"], m["ID"][0])
                frame = bytearray(self.mask(bytes(plain), undo=False))
            if self.d.get("Length"):
                frame = self.put_length(frame)
            if self.end:
                frame[-len(self.end):] = self.end
        for k in sorted(self.checks, key=lambda k: k["At"] < 0):
            at, n = k["At"] % len(frame), check_size(k)
            frame[at:at + n] = self.said(k, m, frame)
        return bytes(frame)

    def put_length(self, frame):
        l = self.d["Length"]
        more = sum(self.number(frame, r) for r in l.get("Sum", []))
        n = len(frame) - l.get("Add", 0)
        if n % l.get("Mul", 1) or n < 0:
            raise Refused
        v = n // l.get("Mul", 1) - more
        if v < 0:
            raise Refused
        if self.varint():
            out = [v & 0x7F]
            while v >= 0x80:
                v >>= 7
                out[-1] |= 0x80
                out.append(v & 0x7F)
            return frame[:l["At"]] + bytearray(out) + frame[l["At"] + 1:]
        if v >> 8 * self.width(l):
            raise Refused
        self.put(frame, l, v)
        return frame

    def said(self, k, m, frame):
        """The bytes that a check must have."""
        at, n = k["At"] % len(frame), check_size(k)
        data = bytearray()
        for text in k.get("Over") or [f"0:{at}"]:
            for i in sliced(text, len(frame)):
                data.append(0 if k.get("Blank") and at <= i < at + n else frame[i])
        if k.get("Extra"):
            data.append(m.get("CRCExtra") or 0)
        little = k["Kind"] == "sum+sum" or k.get("Endian") != "big"
        return checksum(k["Kind"], bytes(data)).to_bytes(n, "little" if little else "big")

    # Judging.

    def judge(self, b):
        """The first message that the bytes at the front are a frame of, and how
        many they are."""
        if len(b) < len(self.sync) or any(b[i] not in ok for i, (ok, _) in enumerate(self.sync)):
            raise Refused
        listed = False
        if self.d.get("ID") and len(b) < self.d["ID"]["At"] + self.width(self.d["ID"]):
            raise Refused
        number = self.id_of(b)
        for m in self.messages:
            if m.get("ID") and number not in m["ID"]:
                continue
            listed = True
            for total in self.totals(m, b):
                if self.holds(m, b[:total]):
                    return m, total
        if listed or not self.d.get("ID") or self.d.get("Strict") or not self.checks:
            raise Refused
        if any(k.get("Extra") for k in self.checks):
            raise Refused
        for total in self.totals({}, b):
            if self.holds(None, b[:total]):
                return None, total
        raise Refused

    def totals(self, m, b):
        """The sizes that a frame at the front may have."""
        size = m.get("Size") or self.d.get("Size")
        if self.d.get("Length"):
            try:
                total, more = self.claimed(b + bytes(16) if len(b) < self.head() else b)
            except Refused:
                return []
            if total > self.d["Max"] or m.get("Size") and total != m["Size"]:
                return []
            out = [total + more]
        elif size:
            out = [size]
        elif self.delimiter is not None:
            out = [len(b)] if len(b) <= self.d["Max"] else []
        elif not m:
            return []
        elif self.end and self.open_ended(m):
            out = [n for n in range(len(self.end), self.d["Max"] + 1) if b[:n].endswith(self.end)]
        else:
            out = self.counted(m, b)
        if self.delimiter is not None:
            out = [n for n in out if n == len(b)]
        return [n for n in out if n <= len(b)]

    @staticmethod
    def open_ended(m):
        return any(f.get("Repeat") == "rest" for f in m["Fields"])

    def counted(self, m, b):
        """The size that the counts say, or the fields have: as many bytes as it
        takes to walk through them."""
        try:
            w = Walk(self, m, self.mask(b, undo=True) if not self.stuff.get("Kind") == "dxl2" else b, limit=len(b))
        except Refused:
            return []
        return [max(w.need + max(self.trailer, w.from_end), self.least())]

    def least(self):
        """Bytes of a frame without any data."""
        n = self.head() + self.trailer
        for r in [self.d.get("Seq")]:
            if r and r["At"] >= 0:
                n = max(n, r["At"] + self.width(r) + self.trailer)
        for k in self.checks:
            if k["At"] >= 0:
                n = max(n, k["At"] + check_size(k))
        return n

    def holds(self, m, frame):
        if len(frame) < self.least() or not frame.endswith(self.end):
            return False
        if any(frame[k["At"] % len(frame):][:check_size(k)] != self.said(k, m or {}, frame) for k in self.checks):
            return False
        if m is None:
            return True
        try:
            return Walk(self, m, self.view(frame)).good
        except Refused:
            return False


class Walk:
    """One pass over the fields of a message.

    values  property to its text, or None where it has no value
    canon   the data again, with nothing in it but what the values say
    """

    def __init__(self, fmt, m, view, limit=None, totals=None, build=None):
        self.fmt, self.m, self.view, self.build = fmt, m, bytearray(view), build
        self.zero = m.get("ZeroFill")
        self.end = len(view) - fmt.trailer if limit is None else limit
        self.partial = limit is not None
        self.canon = bytearray(len(view))
        self.totals = {} if totals is None else totals
        self.at, self.run, self.bit = fmt.d.get("Data", 0), None, 0
        self.need, self.used, self.from_end = self.at, self.at, 0
        self.values, self.raw, self.number = {}, {}, {}
        self.count_of, self.suffix = {}, ""
        self.good, self.exact, self.rest_end, self.series = True, True, 0, False
        for f in m["Fields"]:
            self.field(f, "")
        if not self.partial and not self.zero and (self.need > self.end or (self.need if self.series else self.used) > len(view) - self.from_end):
            self.good = False

    def counted_size(self):
        """Whether parts of a length of their own say the frame's size."""
        return self.series and not (self.fmt.d.get("Length") or self.fmt.delimiter is not None or self.fmt.end and self.rest_end)

    # Bytes.

    def take(self, at, n, skipped=False):
        """n bytes at a place; those that are missing are 0 with zero_fill."""
        if self.build and at >= 0:
            while len(self.view) < at + n:
                self.view.append(self.build.byte())
                self.canon.append(0)
            self.end = len(self.view)
        if at < 0:
            self.from_end = max(self.from_end, -at)
            if self.partial or self.build:
                return bytes(n)
            at += len(self.view)
            if at < 0:
                raise Refused
            return bytes(self.view[at:at + n])
        self.need = max(self.need, at + n)
        self.used = self.used if skipped else max(self.used, at + n)
        got = bytes(self.view[at:max(at, min(at + n, self.end))])
        if len(got) < n:
            if not self.zero:
                raise Refused
            got += bytes(n - len(got))
        return got

    def write(self, at, data):
        """Into the canonical frame."""
        if at < 0:
            at += len(self.canon)
        self.canon.extend(bytes(max(0, at + len(data) - len(self.canon))))
        for i, b in enumerate(data):
            self.canon[at + i] |= b

    def force(self, at, data):
        if self.build:
            self.view[at:at + len(data)] = data

    # Places.

    def whole_byte(self):
        if self.bit:
            self.at, self.bit = self.at + (self.bit + 7) // 8, 0
        self.run = None

    def place(self, order, kind, n):
        """Bits of a run, or whole bytes, from here on."""
        if kind in ("uN", "iN"):
            if self.run not in (None, order):
                self.whole_byte()
            if n % 8 or self.bit:
                self.run = order
                at, bit = self.at, self.bit
                self.bit += n
                self.at, self.bit = self.at + self.bit // 8, self.bit % 8
                if not self.bit:
                    self.run = None
                return at, bit, n
            n = n // 8
        else:
            self.whole_byte()
        at = self.at
        self.at += n
        return at, None, n

    # Fields.

    def field(self, f, suffix):
        if f.get("Skip"):
            self.whole_byte()
            self.at += f["Skip"]
            self.take(self.at - f["Skip"], f["Skip"], skipped=True)
        elif f.get("Expr"):
            self.computed(f, suffix)
        elif f.get("Group"):
            self.repeat(f, f["Group"], suffix)
        elif f.get("Type") in ("s", "z"):
            self.text(f, suffix)
        elif f.get("Repeat"):
            self.repeat(f, [{k: v for k, v in f.items() if k not in ("Repeat", "Max")}], suffix)
        else:
            if f.get("At") is not None:
                self.at, self.bit, self.run = f["At"], 0, None
            if f.get("Bit") is not None:
                self.run, self.bit = parse_type(f["Type"])[0], f["Bit"]
                self.at, self.bit = self.at + self.bit // 8, self.bit % 8
            for i in range(f.get("Count") or 1):
                name = f.get("Name", "_")
                if f.get("Count") and name != "_":
                    name += str(i)
                self.value(f, name, suffix)

    def repeat(self, f, members, suffix):
        self.whole_byte()
        if f.get("Count"):
            n = f["Count"]
        elif f["Repeat"] == "rest":
            return self.rest(f, members)
        else:
            n = self.counted(f)
        for i in range(n):
            self.repetition(members, i)

    def counted(self, f):
        self.series = True
        n = self.count_of[f["Repeat"]]
        if n > f["Max"]:
            raise Refused
        return n

    def repetition(self, members, i):
        self.suffix = str(i)
        for g in members:
            self.field(g, self.suffix)
        self.whole_byte()
        self.suffix = ""

    def rest(self, f, members):
        """As many whole repetitions as the frame holds."""
        if self.build:
            for i in range(self.build.rng.randint(0, f["Max"])):
                self.repetition(members, i)
            return
        need, begin = self.need, self.at
        by_marker = not (self.fmt.d.get("Length") or self.fmt.d.get("Size") or self.m.get("Size"))
        for i in range(f["Max"]):
            start, used, values, canon, totals = self.at, self.used, dict(self.values), bytearray(self.canon), dict(self.totals)
            try:
                self.repetition(members, i)
            except Refused:
                self.at, self.bit, self.run, self.suffix = start, 0, None, ""
                self.values, self.canon, self.totals = values, canon, totals
                self.used = used
                if start < self.end and by_marker and not self.series:
                    self.good = False
                break
        else:
            stride = (self.at - begin) // f["Max"]
            if by_marker and not self.series and (self.end - self.at) % stride:
                self.good = False
        self.rest_end, self.need = self.at, need

    def named(self, name, suffix):
        """What a value is called in this repetition."""
        if suffix and name[-1].isdigit():
            return name + "_" + suffix
        return name + suffix

    def text(self, f, suffix):
        self.whole_byte()
        at = self.at
        if f["Type"] == "z":
            n, self.series = 0, True
            if self.build:
                n = self.build.rng.randint(0, f["Max"] - 1)
                self.take(at, n + 1)
                for i in range(n):
                    self.view[at + i] = self.view[at + i] or 1
                self.view[at + n] = 0
            for n in range(f["Max"]):
                if self.take(at + n, 1) == b"\0":
                    break
            else:
                raise Refused
            self.at += n + 1
            if self.zero and at + n > self.end:
                n = max(self.end - at, 0)
        elif f["Repeat"] == "rest":
            if self.build:
                self.take(at, self.build.rng.randint(0, f["Max"]))
                n = len(self.view) - at
            n = min(max(self.end - at, 0), f["Max"])
            self.at += n
            self.rest_end = self.at
        else:
            n = self.counted(f)
            self.at += n
        data = self.take(at, n)
        self.publish(f, self.named(f["Name"], suffix), at, None, len(data), data)

    def value(self, f, name, suffix):
        order, kind, n = parse_type(f["Type"])
        if f.get("Order"):
            self.whole_byte()
        at, bit, n = self.place(order, kind, n)
        if bit is None:
            data = self.take(at, n)
        else:
            data = self.take(at, (bit + n + 7) // 8)
        if f.get("Const") is not None:
            self.constant(f, order, kind, at, bit, n, data)
            return
        self.publish(f, self.named(name, suffix) if name != "_" else "_", at, bit, n, data)

    def constant(self, f, order, kind, at, bit, n, data):
        want = f["Const"] % (1 << (n if bit is not None else 8 * n))
        image = self.image(order, at, bit, n, want)
        mask = self.image(order, at, bit, n, (1 << (n if bit is not None else 8 * n)) - 1)
        if self.build:
            if self.build.rng.random() < 0.995:
                self.force(at, bytes(b & ~k | w for b, k, w in zip(data, mask, image)))
        elif bytes(b & k for b, k in zip(data, mask)) != image:
            self.good = False
        self.write(at, image)

    @staticmethod
    def image(order, at, bit, n, v):
        """The bytes in which an unsigned number stands, all other bits 0."""
        if bit is None:
            return v.to_bytes(n, "little" if order == "<" else "big")
        bits = [int(c) for c in f"{v:0{n}b}"]
        if order == "<":
            bits.reverse()
        bits = [0] * bit + bits
        bits += [0] * (-len(bits) % 8)
        return bytes(from_bits(bits[i:i + 8], order) for i in range(0, len(bits), 8))

    # Values.

    def publish(self, f, name, at, bit, n, data):
        if f.get("Repeat") is None and self.build and f.get("counts"):
            most = f["counts"] if self.build.rng.random() < 0.97 else 255
            image = self.image(parse_type(f["Type"])[0], at, bit, n, self.build.rng.randint(0, most))
            self.force(at, image)
            data = image
        got = self.read(f, name, bit, n, data)
        if name == "_" and not f.get("Flags"):
            return
        if f.get("Flags"):
            order = parse_type(f["Type"])[0]
            for b, flag in f["Flags"].items():
                on = got[0] >> int(b) & 1
                self.settle(self.named(flag, self.suffix), ("true" if on else "false"), on, at)
                if on:
                    self.write(at, self.image(order, at, bit, n, 1 << int(b)))
            return
        raw, text, number, image = got
        if f.get("When"):
            holds = evaluate(f["When"], self.input)
            if holds is None or holds == 0:
                text = None
        if f.get("Counter") and text is not None:
            text, number = self.total(f, name, raw)
        self.settle(name, text, number, at)
        if f.get("counts"):
            self.count_of[f["Name"]] = raw
            self.write(at, image)
        elif name[0] != "_":
            if image is None:
                self.exact = False
            else:
                self.write(at, image)

    def settle(self, name, text, number, at):
        self.number[name] = number if text is not None else None
        if name[0] != "_":
            self.values[name] = text

    def input(self, name):
        """The value of an earlier field, of the same repetition first."""
        own = self.named(name, self.suffix)
        return self.number[own] if own in self.number else self.number.get(name)

    def read(self, f, name, bit, n, data):
        """(raw, text, number, image): text is None where there is no value."""
        order, kind, size = parse_type(f["Type"]) if f["Type"] not in ("s", "z") else ("<", f["Type"], n)
        if kind in ("s", "z", "hex"):
            return self.read_text(f, kind, n, data)
        if kind == "?":
            on = data[0] != 0
            return int(on), "true" if on else "false", int(on), bytes([on])
        if kind in ("e", "f", "d"):
            return self.read_float(f, order, kind, data)
        bits = n if bit is not None else 8 * n
        image = None
        if bit is not None:
            raw = from_bits(bits_of(data, order)[bit:bit + n], order)
            image = lambda v: self.image(order, 0, bit, n, v)
        else:
            plain = data
            if f.get("Order"):
                plain, order = reorder(data, f["Order"]), ">"
            if kind == "bcd":
                return self.read_bcd(f, order, data)
            if kind == "midi":
                digits = [b & 0x7F for b in plain]
                if order == "<":
                    digits.reverse()
                raw = 0
                for x in digits:
                    raw = raw << 7 | x
                bits = 7 * n

                def image(v):
                    out = [v >> 7 * i & 0x7F for i in range(n)]
                    return bytes(out if order == "<" else out[::-1])
            else:
                raw = int.from_bytes(plain, "little" if order == "<" else "big")

                def image(v):
                    b = v.to_bytes(n, "little" if order == "<" else "big")
                    if f.get("Order"):
                        b = bytes(b["ABCDEFGH".index(c)] for c in f["Order"])
                    return b
        stored = raw
        if kind in ("iN", "i", "b", "h", "l", "q"):
            raw = signed(raw, bits)
        if f.get("Sign") == "msb":
            negative, raw = raw >> (bits - 1), raw & ~(1 << (bits - 1))
            if raw == 0:
                stored = 0
            raw = -raw if negative else raw
        elif f.get("Sign"):
            sign = self.input(f["Sign"])
            raw = -raw if sign else raw
            self.exact = False
        return (raw, *self.scaled(f, raw), image(stored))

    def read_bcd(self, f, order, data):
        digits = data.hex()
        plain = data[::-1] if order == "<" else data
        negative = 0
        if f.get("Sign") == "msb":
            negative, plain = plain[0] >> 7, bytes([plain[0] & 0x7F]) + plain[1:]
        digits = plain.hex()
        if not digits.isdigit():
            return 0, None, None, None
        raw = int(digits)
        if f.get("Sign") not in (None, "msb"):
            negative = self.input(f["Sign"])
            self.exact = False
        image = data
        if raw == 0 and negative:
            image = bytes(len(data))
        raw = -raw if negative else raw
        return (raw, *self.scaled(f, raw), image)

    def scaled(self, f, raw):
        if raw in f.get("Invalid", []):
            return None, None
        if f.get("Map"):
            return (str(raw) if raw in {int(k, 0) for k in f["Map"]} else None), raw
        if not any(k in f for k in ("Scale", "Offset", "Digits", "Range")):
            return str(raw), float(raw)
        scale, offset = Fraction(str(f.get("Scale", 1))), Fraction(str(f.get("Offset", 0)))
        digits = f.get("Digits")
        if digits is None:
            digits = draw.digits_of(f.get("Scale", 1), f.get("Offset", 0))
        v = scale * raw + offset
        mantissa = round_away(v * 10 ** digits)
        if not -2 ** 63 <= mantissa < 2 ** 63 and not (digits == 0 and scale == 1 and offset == 0):
            return None, None
        v = Fraction(mantissa, 10 ** digits)
        if f.get("Range") and not Fraction(str(f["Range"][0])) <= v <= Fraction(str(f["Range"][1])):
            return None, None
        return fixed(mantissa, digits), float(v)

    def total(self, f, name, raw):
        modulus = f["Counter"]
        if modulus is True:
            modulus = 1 << 8 * struct.calcsize("<" + f["Type"][-1])
        if raw >= modulus:
            return None, None
        key = (self.m["Name"], name)
        if key not in self.totals:
            self.totals[key] = (raw, raw)
        else:
            last, total = self.totals[key]
            step = (raw - last) % modulus
            if step > modulus // 2:
                step -= modulus
            self.totals[key] = (raw, total + step)
        self.exact = False
        v = self.totals[key][1]
        plain = {k: w for k, w in f.items() if k in ("Scale", "Offset", "Digits")}
        return self.scaled(plain, v)

    def read_float(self, f, order, kind, data):
        v = struct.unpack(order + kind, data)[0]
        if not math.isfinite(v) or v in f.get("Invalid", []):
            return v, None, None, data
        image = data
        if f.get("Scale") is not None or f.get("Offset") is not None:
            v = v * float(Fraction(str(f.get("Scale", 1)))) + float(Fraction(str(f.get("Offset", 0))))
            image = None
        if f.get("Range") and not f["Range"][0] <= v <= f["Range"][1]:
            return v, None, None, data
        if not math.isfinite(v):
            return v, None, None, data
        return v, "float " + repr(v), v, image

    def read_text(self, f, kind, n, data):
        if kind == "hex":
            text, image = data.hex().upper(), data
        elif kind == "z":
            data = data.split(b"\0")[0]
            text = None
        else:
            data = data.rstrip(b"\0")
            text = None
        if text is None:
            text, image = utf8(data), data
            if "\ufffd" in text:
                self.exact = False
        if f["Type"] == "s" and len(data) < n:
            self.exact = False  # it is written shorter
        if text in f.get("Invalid", []):
            return data, None, None, image
        return data, "text " + text, None, image

    def computed(self, f, suffix):
        name = self.named(f["Name"], suffix)
        v = evaluate(f["Expr"], self.input)
        if f.get("When"):
            holds = evaluate(f["When"], self.input)
            if holds is None or holds == 0:
                v = None
        digits = f.get("Digits", 3)
        text = number = None
        if v is not None and math.isfinite(v):
            x = v * 10.0 ** digits
            m = math.inf
            if math.isfinite(x):
                m = math.trunc(x)
                if abs(x - m) >= 0.5:
                    m += 1 if x > 0 else -1
            if abs(m) < 2 ** 63 and not (f.get("Range") and not f["Range"][0] <= Fraction(m, 10 ** digits) <= f["Range"][1]):
                text, number = fixed(m, digits), m / 10 ** digits
        self.settle(name, text, number, None)
        if name[0] != "_":
            self.computes = getattr(self, "computes", set()) | {name}


def utf8(data):
    """Each run of bytes that are no UTF-8 is one U+FFFD, as in Go."""
    out, bad = "", False
    while data:
        for n in range(1, 5):
            try:
                out, data, bad = out + data[:n].decode(), data[n:], False
                break
            except UnicodeDecodeError:
                continue
        else:
            if not bad:
                out += "\ufffd"
            data, bad = data[1:], True
    return out


def fixed(mantissa, digits):
    text = f"{abs(mantissa):0{digits + 1}d}"
    if digits:
        text = text[:-digits] + "." + text[-digits:]
    return ("-" if mantissa < 0 else "") + text


# Cases.

class Builder:
    def __init__(self, rng):
        self.rng = rng

    def byte(self):
        return self.rng.choice([0, 0, 1, 0xFF, 0xFD, 0x7E, 0x7D, 0xC0, 0xDB]) if self.rng.random() < 0.3 else self.rng.randrange(256)


def build(fmt, m, rng):
    """A frame of the message with random data."""
    w = Walk(fmt, m, bytes(rng.randrange(256) for _ in range(fmt.d.get("Data", 0))), limit=0, build=Builder(rng))
    view = w.view
    d, size = fmt.d, m.get("Size") or fmt.d.get("Size")
    tail = max(fmt.trailer, w.from_end)
    if size:
        view.extend(rng.randrange(256) for _ in range(size - len(view) - fmt.trailer))
        tail = fmt.trailer
    elif (d.get("Length") or fmt.delimiter is not None) and not Format.open_ended(m):
        if rng.random() < 0.2:
            view.extend(rng.randrange(256) for _ in range(rng.randint(1, 3)))
        if m.get("ZeroFill"):
            while len(view) > d.get("Data", 0) and (view[-1] == 0 or rng.random() < 0.3):
                view.pop()
    view.extend(rng.randrange(256) for _ in range(tail))
    return fmt.seal(fmt.unview(bytes(view)), m)


def canonical(fmt, m, w):
    """What Encode writes for the values."""
    size = m.get("Size") or fmt.d.get("Size")
    view = bytearray(w.canon)
    tail = max(fmt.trailer, w.from_end)
    total = max(w.need + fmt.trailer, max(w.used, w.rest_end) + tail)
    if w.counted_size():
        total = max(total, w.need + tail)
    if not size:
        kept = bytes(view[len(view) - tail:])
        view = view[:total - tail] + bytes(max(0, total - tail - len(view))) + kept
        view += bytes(max(0, fmt.least() - len(view)))
    return fmt.wire(fmt.seal(fmt.unview(bytes(view)), m))


def damage(b, rng):
    b = bytearray(b)
    if not b:
        return bytes(b)
    i = rng.randrange(len(b))
    match rng.randrange(5):
        case 0:
            b[i] ^= 1 << rng.randrange(8)
        case 1:
            del b[i]
        case 2:
            b.insert(i, rng.randrange(256))
        case 3:
            del b[i:]
        case _:
            b[i] = rng.choice([0, 1, 0xFF, 0x7E, 0x7D, 0xFD, 0xC0])
    return bytes(b)


def expect(fmt, wire, totals):
    """What these bytes, as one frame, give."""
    out = {"Wire": wire.hex(), "OK": False}
    try:
        frame = fmt.unwire(wire)
        m, total = fmt.judge(frame)
        if total != len(frame):
            raise Refused
    except Refused:
        return out
    out["OK"], out["Message"] = True, m["Name"] if m else ""
    if m:
        w = Walk(fmt, m, fmt.view(frame), totals=totals)
        out["Values"] = w.values
        padded = w.from_end and (w.need > w.used or w.zero)
        if w.exact and not padded and None not in w.values.values():
            try:
                out["Back"] = canonical(fmt, m, w).hex()
            except Refused:
                out["Back"] = "refused"
        out["Computed"] = sorted(getattr(w, "computes", set()))
    return out


def stream(fmt, frames, rng):
    """Frames and noise on one line, and which are found in it."""
    line = b"".join(f if rng.random() < 0.8 else damage(f, rng) + bytes(rng.randrange(256) for _ in range(rng.randint(0, 3))) for f in frames)
    found = []
    if fmt.delimiter is not None:
        for piece in line.split(bytes([fmt.delimiter]))[:-1]:
            try:
                frame = fmt.unwire(piece)
                m, total = fmt.judge(frame)
                if total == len(frame) and piece:
                    found.append(frame.hex())
            except Refused:
                pass
        return {"Line": line.hex(), "Found": found}
    at = 0
    while at < len(line):
        try:
            frame, ends = fmt.unescaped(line[at:at + 2 * fmt.d["Max"] + 9])
            _, total = fmt.judge(frame)
            found.append(frame[:total].hex())
            at += ends[total - 1]
        except Refused:
            at += 1
    return {"Line": line.hex(), "Found": found}


def case(rng):
    if rng.random() < 0.15:
        return oracle_lines.case(rng, damage, fixed, round_away)
    d = draw.description(rng)
    fmt = Format(d)
    frames, wires, totals = [], [], {}
    for _ in range(8):
        m = rng.choice(fmt.messages)
        try:
            frame = build(fmt, m, rng)
        except Refused:
            continue
        wire = fmt.wire(frame)
        wires.append(wire)
        match rng.randrange(4):
            case 0:
                wire = damage(wire, rng)
            case 1:
                hurt = damage(frame, rng)
                if len(hurt) >= fmt.least():
                    wire = fmt.wire(fmt.seal(hurt, m, checks_only=True))
        frames.append(expect(fmt, wire, totals))
    out = {"Description": d, "Frames": frames}
    if wires:
        out["Stream"] = stream(fmt, wires, rng)
    return out


def main():
    rng = random.Random(int(sys.argv[2]))
    for _ in range(int(sys.argv[1])):
        print(json.dumps(case(rng), default=str))


if __name__ == "__main__":
    main()
