// Package cloud speaks OneNET's thing model over MQTT: it logs in, posts
// readings and says what became of each post.
//
//	Post ─▶ envelope ─▶ sender ─▶ paho ─▶ conn ─▶ TCP or TLS ─▶ OneNET
//	         [message]   [outbox]          [64 KiB in]   │ .../property/post/reply
//	Outcomes ◀─ ledger: id ─▶ records ◀─ [reply] ◀───────┘
//	Run: token ─▶ CONNECT ─▶ SUBSCRIBE ─▶ ready ─▶ lost ─▶ wait ─▶ token ─▶ ...
//
// A record counts as stored only when the platform's reply carries the post's
// id and code 200. The facts that the tags [ONENET-n] name are listed, with
// their sources, in docs/onenet.md. The package never logs: what a person
// should know comes as an Event, and neither the key nor a token is ever in it.
package cloud
