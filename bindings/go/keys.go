package kess

/*
#include <kess.h>

// SPDX-License-Identifier: Apache-2.0

typedef struct {
    kess_key *key;
    int32_t status;
    int32_t item;
} go_key;

static go_key go_load(int is_private, int is_file, const uint8_t *data, size_t len,
                      const uint8_t *secret, size_t password_len, uint32_t policy)
{
    go_key result = {NULL, KESS_ERR_ARGUMENT, 0};
    kess_error err = {0, 0, 0};
    const char *password = (const char *)secret, *path = (const char *)data;

    if (is_private && is_file) {
        result.status = kess_private_key_load_file(&result.key, path, password,
                                                   password_len, policy, &err);
    } else if (is_private) {
        result.status = kess_private_key_load(&result.key, data, len, password,
                                              password_len, policy, &err);
    } else if (is_file) {
        result.status = kess_public_key_load_file_protected(&result.key, path, password,
                                                            password_len, policy, &err);
    } else {
        result.status = kess_public_key_load_protected(&result.key, data, len, password,
                                                       password_len, policy, &err);
    }
    result.item = err.item;
    return result;
}

static go_key go_public(const kess_key *key)
{
    go_key result = {NULL, KESS_ERR_ARGUMENT, 0};
    kess_error err = {0, 0, 0};

    result.status = kess_key_public(&result.key, key, &err);
    return result;
}

typedef struct {
    size_t len;
    int32_t status;
} go_written;

static go_written go_spki(const kess_key *key, uint8_t *out, size_t room)
{
    go_written result = {room, KESS_ERR_ARGUMENT};
    kess_error err = {0, 0, 0};

    result.status = kess_key_spki(key, out, &result.len, &err);
    return result;
}
*/
import "C"

import (
	"bytes"
	"fmt"
	"runtime"
)

// KeyPolicy decides which keys are accepted. 0 is the default policy.
type KeyPolicy uint32

// AllowWeak accepts RSA from 512 bits and public exponents from 3. It is for
// tests against old sandboxes only: such keys can be broken.
const AllowWeak KeyPolicy = C.KESS_KEY_ALLOW_WEAK

// handle owns a key of libkess. Copies of a PrivateKey or PublicKey share it, so
// that it is freed once, when the last is gone.
type handle struct {
	key *C.kess_key
}

func newHandle(k C.go_key, needed string) (*handle, error) {
	err := outcome{done: true, status: int(k.status), item: int(k.item), needed: needed}.err(false)
	if err == nil && k.key == nil {
		err = outcome{}.err(false)
	}
	if err != nil {
		return nil, err
	}
	h := &handle{k.key}
	runtime.SetFinalizer(h, func(h *handle) { C.kess_key_free(h.key) })
	return h, nil
}

func load(isPrivate, isFile C.int, data, password []byte, policy []KeyPolicy) (*handle, error) {
	if len(policy) > 1 {
		return nil, wrong("more than one KeyPolicy was given")
	}
	var flags KeyPolicy
	if len(policy) == 1 {
		flags = policy[0]
	}
	needed := "a public key"
	if isPrivate != 0 {
		needed = "a private key"
	}
	return newHandle(C.go_load(isPrivate, isFile, pointer(data), C.size_t(len(data)),
		pointer(password), C.size_t(len(password)), C.uint32_t(flags)), needed)
}

// pathOf is the path as C reads it.
func pathOf(path string) ([]byte, error) {
	data := append([]byte(path), 0)
	if bytes.IndexByte(data, 0) != len(path) {
		return nil, wrong("the path of a key file holds a NUL")
	}
	return data, nil
}

// run calls libkess with the key, which must not be freed until the call ends.
func (h *handle) run(op operation, text []byte, options []Options) ([]byte, error) {
	if h == nil {
		return nil, wrong("the key was not loaded: make it with a function of this package")
	}
	out, err := result(appended(op, h.key, nil, text, options))
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

func neverSerialised() ([]byte, error) {
	return nil, wrong("a key is never serialised")
}

// PrivateKey is an RSA private key. It is not shown and not serialised. Any
// number of goroutines may use it at once.
type PrivateKey struct {
	handle *handle
}

// ParsePrivateKey loads a private key from the content of a key file: PEM, DER or
// base64 of PKCS#1, PKCS#8 or PKCS#12, at most 1 MiB. The password is for an
// encrypted key and for PKCS#12; an empty one is none. Its error is an ErrKey where
// there is no such key, the password is wrong, or the key policy refuses it; else
// an ErrInput or ErrBackend.
func ParsePrivateKey(data, password []byte, policy ...KeyPolicy) (*PrivateKey, error) {
	h, err := load(1, 0, data, password, policy)
	if err != nil {
		return nil, err
	}
	return &PrivateKey{h}, nil
}

// ReadPrivateKey loads a private key from a file; see ParsePrivateKey. The error
// has the Reason "file" if the file cannot be read.
func ReadPrivateKey(path string, password []byte, policy ...KeyPolicy) (*PrivateKey, error) {
	data, err := pathOf(path)
	if err != nil {
		return nil, err
	}
	h, err := load(1, 1, data, password, policy)
	if err != nil {
		return nil, err
	}
	return &PrivateKey{h}, nil
}

// SignedBody returns the signed request body for parameters, a JSON object without
// "sign": their canonical form with "sign_type" and "sign" appended. Send it
// unchanged. Its error is an ErrCanonicalization where they have no canonical form
// or a gateway would read the body differently; else an ErrInput or ErrBackend.
// Nothing was signed then.
func (k *PrivateKey) SignedBody(params []byte, options ...Options) ([]byte, error) {
	return k.held().run(signedBody, params, options)
}

// SignDocument returns the signature of the canonical form of a JSON text, in
// base64. Its errors are those of SignedBody.
func (k *PrivateKey) SignDocument(text []byte, options ...Options) (string, error) {
	sign, err := k.held().run(signDocument, text, options)
	return string(sign), err
}

// Public returns the public half. Its error is an ErrInput for a key that was not
// loaded, or an ErrBackend.
func (k *PrivateKey) Public() (*PublicKey, error) {
	own := k.held()
	if own == nil {
		return nil, wrong("the key was not loaded: make it with a function of this package")
	}
	h, err := newHandle(C.go_public(own.key), "a public key")
	runtime.KeepAlive(own)
	if err != nil {
		return nil, err
	}
	return &PublicKey{h}, nil
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

// MarshalJSON refuses: a key is never serialised.
func (k PrivateKey) MarshalJSON() ([]byte, error) { return neverSerialised() }

// MarshalText refuses: a key is never serialised.
func (k PrivateKey) MarshalText() ([]byte, error) { return neverSerialised() }

// MarshalBinary refuses: a key is never serialised.
func (k PrivateKey) MarshalBinary() ([]byte, error) { return neverSerialised() }

// PublicKey is an RSA public key, of the gateway for instance. Any number of
// goroutines may use it at once.
type PublicKey struct {
	handle *handle
}

// ParsePublicKey loads a public key from the content of a key file: PEM, DER or
// base64 of SPKI, PKCS#1, an X.509 certificate or PKCS#12, at most 1 MiB. The
// password is for PKCS#12 and nil otherwise. Its errors are those of
// ParsePrivateKey.
func ParsePublicKey(data, password []byte, policy ...KeyPolicy) (*PublicKey, error) {
	h, err := load(0, 0, data, password, policy)
	if err != nil {
		return nil, err
	}
	return &PublicKey{h}, nil
}

// ReadPublicKey loads a public key from a file; see ParsePublicKey. The error has
// the Reason "file" if the file cannot be read.
func ReadPublicKey(path string, password []byte, policy ...KeyPolicy) (*PublicKey, error) {
	data, err := pathOf(path)
	if err != nil {
		return nil, err
	}
	h, err := load(0, 1, data, password, policy)
	if err != nil {
		return nil, err
	}
	return &PublicKey{h}, nil
}

// SPKI returns the key as the DER of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
func (k *PublicKey) SPKI() ([]byte, error) {
	own := k.held()
	if own == nil {
		return nil, wrong("the key was not loaded: make it with a function of this package")
	}
	// Modulus and exponent, and what DER puts around them.
	out := make([]byte, 2*own.bits()/8+128)
	r := C.go_spki(own.key, pointer(out), C.size_t(len(out)))
	runtime.KeepAlive(own)
	if err := (outcome{done: true, status: int(r.status)}).err(false); err != nil {
		return nil, err
	}
	return out[:r.len], nil
}

// VerifyDocument returns the canonical bytes of a body, as it was received, that
// verified. Read values only from these bytes. Its error is an ErrSignature where
// the body is not authentic (ErrDocument is one), an ErrInput for options that
// cannot be used, or an ErrBackend, where nothing was verified.
func (k *PublicKey) VerifyDocument(body []byte, options ...Options) ([]byte, error) {
	return k.held().run(verifyDocument, body, options)
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

// MarshalJSON refuses: a key is never serialised.
func (k PublicKey) MarshalJSON() ([]byte, error) { return neverSerialised() }

// MarshalText refuses: a key is never serialised.
func (k PublicKey) MarshalText() ([]byte, error) { return neverSerialised() }

// MarshalBinary refuses: a key is never serialised.
func (k PublicKey) MarshalBinary() ([]byte, error) { return neverSerialised() }
