// Package onenetsim is a strict OneNET on loopback: one access node of China
// Mobile's platform as its documents and users describe it, for tests and for
// trying a gateway without an account.
//
//	TCP / TLS ──▶ CONNECT: flags, token ──▶ CONNACK 0, or 4 and a console line
//	              SUBSCRIBE ─────────────▶ 0, or 0x80 for what is not its own
//	              PUBLISH, QoS 1 ────────▶ PUBACK at once, before any check
//	                 │ one a second, the rest held
//	                 ▼
//	              payload rules ──▶ all stored, or none ──▶ .../reply {id, code, msg}
//
// It shares nothing with the client: a mistake made on both sides would
// confirm itself. Where the documents are silent it decides and says so:
// Assumptions lists every such decision.
//
// The platform's wall clock is Config.Now. Pace, keepalive and faults run on
// package time, so that testing/synctest can drive them.
package onenetsim
