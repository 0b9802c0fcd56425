package kess

// #include <kess.h>
import "C"

import (
	"fmt"
	"runtime"
)

// KeyPolicy decides which keys are accepted. 0 is the default policy.
type KeyPolicy uint32

// AllowWeak accepts RSA from 512 bits and public exponents from 3. It is for
// tests against old sandboxes only: such keys can be broken.
const AllowWeak KeyPolicy = C.KESS_KEY_ALLOW_WEAK

// keyOf is a key around its handle.
func keyOf[K PrivateKey | PublicKey](h *handle, err error) (*K, error) {
	if err != nil {
		return nil, err
	}
	return &K{h}, nil
}

// run calls libkess with the key, which must not be freed until the call ends.
func (h *handle) run(op C.int32_t, text []byte, options []Options) ([]byte, error) {
	if h == nil {
		return nil, wrong("the key was not loaded: make it with a function of this package")
	}
	out, err := appended(op, h.key, nil, text, options)
	runtime.KeepAlive(h)
	return out, err
}

func (h *handle) bits() int {
	if h == nil {
		return 0
	}
	bits := int(C.kess_key_bits(h.key))
	runtime.KeepAlive(h)
	return bits
}

// PrivateKey is an RSA private key. It is not shown and not serialised. Any
// number of goroutines may use it at once.
type PrivateKey struct{ handle *handle }

// ParsePrivateKey loads a private key from the content of a key file: PEM, DER or
// base64 of PKCS#1, PKCS#8 or PKCS#12, at most 1 MiB. The password is for an
// encrypted key and for PKCS#12; an empty one is none. Its error is an ErrKey where
// there is no such key, the password is wrong, or the key policy refuses it; else
// an ErrInput or ErrBackend.
func ParsePrivateKey(data, password []byte, policy ...KeyPolicy) (*PrivateKey, error) {
	return keyOf[PrivateKey](load(C.KESS_DO_LOAD_PRIVATE, data, password, policy))
}

// ReadPrivateKey loads a private key from a file; see ParsePrivateKey. The error
// has the Reason "file" if the file cannot be read.
func ReadPrivateKey(path string, password []byte, policy ...KeyPolicy) (*PrivateKey, error) {
	return keyOf[PrivateKey](load(C.KESS_DO_LOAD_PRIVATE_FILE, []byte(path), password, policy))
}

// SignedBody returns the signed request body for parameters, a JSON object without
// "sign": their canonical form with "sign_type" and "sign" appended. Send it
// unchanged. Its error is an ErrCanonicalization where they have no canonical form
// or a gateway would read the body differently; else an ErrInput or ErrBackend.
// Nothing was signed then.
func (k *PrivateKey) SignedBody(params []byte, options ...Options) ([]byte, error) {
	return k.held().run(C.KESS_DO_SIGNED_BODY, params, options)
}

// SignDocument returns the signature of the canonical form of a JSON text, in
// base64. Its errors are those of SignedBody.
func (k *PrivateKey) SignDocument(text []byte, options ...Options) (string, error) {
	sign, err := k.held().run(C.KESS_DO_SIGN_DOCUMENT, text, options)
	return string(sign), err
}

// Public returns the public half. Its error is an ErrInput for a key that was not
// loaded, or an ErrBackend.
func (k *PrivateKey) Public() (*PublicKey, error) {
	spki, err := k.held().run(C.KESS_DO_SPKI, nil, nil)
	if err != nil {
		return nil, err
	}
	// The policy was applied when the key was loaded.
	return ParsePublicKey(spki, nil, AllowWeak)
}

func (k *PrivateKey) held() *handle {
	if k == nil {
		return nil
	}
	return k.handle
}

// Bits returns the number of bits of the modulus.
func (k *PrivateKey) Bits() int { return k.held().bits() }

// String names the size and nothing else.
func (k PrivateKey) String() string { return fmt.Sprintf("kess.PrivateKey(%d bits)", k.Bits()) }

// GoString names the size and nothing else.
func (k PrivateKey) GoString() string { return k.String() }

// MarshalText refuses: a key is never serialised, as JSON neither.
func (k PrivateKey) MarshalText() ([]byte, error) { return nil, wrong("a key is never serialised") }

// PublicKey is an RSA public key, of the gateway for instance. Any number of
// goroutines may use it at once.
type PublicKey struct{ handle *handle }

// ParsePublicKey loads a public key from the content of a key file: PEM, DER or
// base64 of SPKI, PKCS#1, an X.509 certificate or PKCS#12, at most 1 MiB. The
// password is for PKCS#12 and nil otherwise. Its errors are those of
// ParsePrivateKey.
func ParsePublicKey(data, password []byte, policy ...KeyPolicy) (*PublicKey, error) {
	return keyOf[PublicKey](load(C.KESS_DO_LOAD_PUBLIC, data, password, policy))
}

// ReadPublicKey loads a public key from a file; see ParsePublicKey. The error has
// the Reason "file" if the file cannot be read.
func ReadPublicKey(path string, password []byte, policy ...KeyPolicy) (*PublicKey, error) {
	return keyOf[PublicKey](load(C.KESS_DO_LOAD_PUBLIC_FILE, []byte(path), password, policy))
}

// SPKI returns the key as the DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
func (k *PublicKey) SPKI() ([]byte, error) {
	return k.held().run(C.KESS_DO_SPKI, nil, nil)
}

// VerifyDocument returns the canonical bytes of a body, as it was received, that
// verified. Read values only from these bytes. Its error is an ErrSignature where
// the body is not authentic (ErrDocument is one), an ErrInput for options that
// cannot be used, or an ErrBackend, where nothing was verified.
func (k *PublicKey) VerifyDocument(body []byte, options ...Options) ([]byte, error) {
	return k.held().run(C.KESS_DO_VERIFY_DOCUMENT, body, options)
}

// Verdict is the result of verifying one body: the canonical bytes, or the error.
type Verdict struct {
	Canonical []byte
	Err       error
}

// VerifyDocuments verifies each body, as VerifyDocument does, and returns a verdict
// for each, in order.
func (k *PublicKey) VerifyDocuments(bodies [][]byte, options ...Options) []Verdict {
	verdicts := make([]Verdict, len(bodies))
	for i, body := range bodies {
		verdicts[i].Canonical, verdicts[i].Err = k.VerifyDocument(body, options...)
	}
	return verdicts
}

func (k *PublicKey) held() *handle {
	if k == nil {
		return nil
	}
	return k.handle
}

// Bits returns the number of bits of the modulus.
func (k *PublicKey) Bits() int { return k.held().bits() }

// String names the size and nothing else.
func (k PublicKey) String() string { return fmt.Sprintf("kess.PublicKey(%d bits)", k.Bits()) }

// GoString names the size and nothing else.
func (k PublicKey) GoString() string { return k.String() }

// MarshalText refuses: a key is never serialised, as JSON neither.
func (k PublicKey) MarshalText() ([]byte, error) { return nil, wrong("a key is never serialised") }
