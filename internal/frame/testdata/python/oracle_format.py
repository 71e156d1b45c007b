"""What is a frame, for oracle.py."""
from oracle_bytes import Refused, check_size
from oracle_walk import Walk
from oracle_wire import Wire


class Format(Wire):
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
