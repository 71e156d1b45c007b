// Answers, with the npm packages cobs and slip, one line for each line of stdin:
//
//   cobs encode 1122  ─▶  =031122       slip decode c0db00c0  ─▶  -
//
// "-" where the package makes no frame of the bytes.
"use strict";
const cobs = require("cobs");
const slip = require("slip");

const codecs = {
  cobs: {
    encode: (b) => cobs.encode(b),
    decode: (b) => cobs.decode(b),
  },
  slip: {
    encode: (b) => Buffer.from(slip.encode(b)),
    decode: (b) => {
      const frames = [];
      const decoder = new slip.Decoder({ onMessage: (m) => frames.push(Buffer.from(m)) });
      decoder.decode(b);
      return frames.length === 1 ? frames[0] : null;
    },
  },
};

const lines = require("fs").readFileSync(0, "utf8").split("\n");
const out = lines.filter(Boolean).map((line) => {
  const [codec, verb, hex] = line.split(" ");
  try {
    const b = codecs[codec][verb](Buffer.from(hex, "hex"));
    return b === null ? "-" : "=" + Buffer.from(b).toString("hex");
  } catch {
    return "-";
  }
});
process.stdout.write(out.join("\n") + "\n");
