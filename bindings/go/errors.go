package kess

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

// kinds has the sentinel of each kess_kind, from 0 on.
var kinds = [...]error{ErrBackend, ErrInput, ErrCanonicalization, ErrKey, ErrSignature, ErrDocument}
