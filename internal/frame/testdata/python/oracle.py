"""A second implementation of the frame language, from docs/frames.md and
docs/wire.md: slow and plain, whole frames in memory. It draws descriptions and
frames of them, intact and damaged, and prints what each must give.

    oracle.py CASES SEED    one JSON object a line, keys as in frame.Description

    oracle_draw    random descriptions     oracle_wire    the three forms of a frame
    oracle_expr    computed values         oracle_format  what is a frame
    oracle_bytes   types and checks        oracle_walk    where its fields stand
    oracle_lines   lines of text           oracle_values  what they mean
"""
import json
import random
import sys

import oracle_draw as draw
import oracle_lines
from oracle_bytes import Refused
from oracle_expr import round_away
from oracle_format import Format
from oracle_values import fixed
from oracle_walk import Walk


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
