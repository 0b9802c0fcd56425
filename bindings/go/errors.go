package kess

// #include <kess.h>
import "C"

import (
	"fmt"
)

// sentinel is a kind of error. A kind can be part of a wider one.
type sentinel struct {
	text  string
	wider error
}

func (s *sentinel) Error() string { return s.text }
func (s *sentinel) Unwrap() error { return s.wider }

// The kinds of errors, for errors.Is.
var (
	// ErrInput: an argument cannot be used. ErrCanonicalization and ErrKey are of
	// this kind, too.
	ErrInput error = &sentinel{"kess: wrong input", nil}
	// ErrCanonicalization: a document has no canonical form, or is not safe to
	// sign as a request. Nothing was signed.
	ErrCanonicalization error = &sentinel{"kess: no canonical form", ErrInput}
	// ErrKey: a key cannot be loaded, or the key policy refuses it.
	ErrKey error = &sentinel{"kess: unusable key", ErrInput}
	// ErrSignature: the document is not authentic. Use no value of it; after a
	// confirm the outcome is unknown: query the transfer.
	ErrSignature error = &sentinel{"kess: not authentic", nil}
	// ErrDocument is an ErrSignature: the document has no canonical form, or is
	// not safe to verify.
	ErrDocument error = &sentinel{"kess: document refused", ErrSignature}
	// ErrBackend: libkess or OpenSSL failed, or libkess returned an unknown
	// status. Nothing was signed or verified.
	ErrBackend error = &sentinel{"kess: libkess failed", nil}
)

// Error is every error of this package.
type Error struct {
	// Status is the kess_status of libkess, and Code its name.
	Status int
	Code   string
	// Reason is a stable word ("mismatch"), the same as in Python, PHP and Node.
	Reason string
	// Offset is the offset of the fault in the document, in bytes, or -1.
	Offset int64
	// Found is what a key file holds in place of the key ("an X.509 certificate"),
	// or empty.
	Found string

	message string
	kind    error
}

func (e *Error) Error() string { return "kess: " + e.message }

// Unwrap returns the sentinel.
func (e *Error) Unwrap() error { return e.kind }

type row struct {
	kind   error
	reason string
}

// table has the kind and the reason of each status: bindings/status.json.
var table = map[int]row{
	1:   {ErrInput, "argument"},
	2:   {ErrBackend, "buffer"},
	3:   {ErrInput, "length"},
	100: {ErrBackend, "memory"},
	101: {ErrBackend, "crypto"},
	102: {ErrKey, "file"},
	200: {ErrCanonicalization, "syntax"},
	201: {ErrCanonicalization, "utf8"},
	202: {ErrCanonicalization, "control"},
	203: {ErrCanonicalization, "escape"},
	204: {ErrCanonicalization, "surrogate"},
	205: {ErrCanonicalization, "depth"},
	206: {ErrCanonicalization, "top_level"},
	207: {ErrCanonicalization, "infinite"},
	220: {ErrCanonicalization, "duplicate"},
	221: {ErrCanonicalization, "not_object"},
	222: {ErrCanonicalization, "not_stable"},
	223: {ErrCanonicalization, "sign_present"},
	224: {ErrCanonicalization, "order"},
	300: {ErrKey, "format"},
	301: {ErrKey, "kind"},
	302: {ErrKey, "ambiguous"},
	303: {ErrKey, "secret"},
	304: {ErrKey, "password"},
	305: {ErrKey, "algorithm"},
	306: {ErrKey, "size"},
	307: {ErrKey, "modulus"},
	308: {ErrKey, "exponent"},
	309: {ErrKey, "inconsistent"},
	400: {ErrSignature, "mismatch"},
	401: {ErrSignature, "sign_missing"},
	402: {ErrSignature, "sign_not_string"},
	403: {ErrSignature, "sign_base64"},
	404: {ErrSignature, "sign_length"},
	405: {ErrSignature, "sign_type"},
}

// outcome is what a call of libkess says. The zero value is no success: only a
// status that C has written as KESS_OK, with done, is one.
type outcome struct {
	done   bool
	status int
	item   int
	offset uint64
	needed string // which key was to be loaded
}

// err returns nil for a success and for nothing else. A status that the table
// does not hold is a failure, too: a newer libkess may know one more.
func (o outcome) err(verifying bool) error {
	if o.done && o.status == 0 {
		return nil
	}
	known, ok := table[o.status]
	if !ok {
		known = row{ErrBackend, "unknown"}
	}
	e := &Error{
		Status:  o.status,
		Code:    C.GoString(C.kess_status_name(C.int(o.status))),
		Reason:  known.reason,
		Offset:  -1,
		kind:    known.kind,
		message: C.GoString(C.kess_status_message(C.int(o.status))),
	}
	switch {
	case e.kind == ErrCanonicalization:
		e.Offset = int64(o.offset)
		e.message += fmt.Sprintf(" at byte %d", e.Offset)
		if verifying {
			e.kind = ErrDocument
		}
	case e.kind == ErrKey:
		if o.item > 0 {
			e.Found = C.GoString(C.kess_found_message(C.int(o.item)))
		}
		e.message = keyMessage(e, o.needed)
	case e.kind == ErrBackend:
		e.message += fmt.Sprintf(" (%s, %d)", e.Code, e.Status)
	}
	return e
}

// keyMessage is one statement: what was found, or why the key cannot be loaded.
func keyMessage(e *Error, needed string) string {
	place := ""
	switch e.Reason {
	case "kind", "secret":
		place = needed
	case "algorithm":
		place = "an RSA key"
	}
	if e.Found == "" || place == "" {
		return "cannot load " + needed + ": " + e.message
	}
	return "found " + e.Found + " where " + place + " is needed"
}

// wrong is the error for an argument that does not reach libkess.
func wrong(message string) error {
	e := outcome{done: true, status: C.KESS_ERR_ARGUMENT}.err(false).(*Error)
	e.message = message
	return e
}
