"""The three forms of a frame, for oracle.py: on the line, the frame, and what
its fields see."""
from oracle_bytes import ESCAPES, Refused, check_size, cobs, escape_map, parse_type, sliced, checksum, uncobs


class Wire:
    """How the line escapes and masks bytes; Format has the rest."""

    @staticmethod
    def word(w):
        def fits(b):
            return any(all(x in ("?", y) for x, y in zip(alternative, f"{b:02X}")) for alternative in w.split("|"))
        return [b for b in range(256) if fits(b)], int(w.split("|")[0].replace("?", "0"), 16)

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

    # Numbers in the head, and sealing: all that does not depend on the values.

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
