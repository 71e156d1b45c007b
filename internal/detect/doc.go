// Package detect says which of many frame descriptions a stream of bytes is of,
// and at which baud rate a live port speaks.
package detect
