// Package thingmodel knows OneNET's thing model from both sides: what a
// configuration's boards need, and what a file exported from the console has.
//
//	boards' plans ─▶ Of ─▶ Model ──▶ Export ─▶ import file
//	                         │
//	                         └─ Compare ◀─ File ◀─ ParseFile ◀─ file of the console
//	                               └─▶ differences, each with its reply code
//
//	"properties": [ { "identifier": "temp", "functionType": "u", "accessMode": "r",
//	    "dataType": { "type": "float", "specs": { "min": "-40", "max": "125", "step": "0.01", "unit": "degC" } } } ]
//
// The facts about the file are [ONENET-26] and [ONENET-27] of docs/onenet.md.
// Nothing here opens a file.
package thingmodel
