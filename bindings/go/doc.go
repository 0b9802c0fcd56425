// Package kess signs, canonicalizes and verifies documents of the KESS partner
// API with libkess. It translates and does nothing else: no HTTP, no retries.
//
// Load a key once, when the program starts, and use it from any number of
// goroutines. The garbage collector frees a key, but it does not count the memory
// of a key in C: 20,000 keys without a reference can hold 160 MB until it runs.
//
// Verifying returns the canonical bytes that verified, or an error; there is no
// boolean. Read values from these bytes and never from the answer itself.
//
// Every error is an *Error. Its sentinel says what kind it is, and Reason is the
// word that the Python package uses:
//
//	if errors.Is(err, kess.ErrSignature) { ... } // the answer is not authentic
package kess
