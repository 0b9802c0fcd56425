package kess

/*
#cgo pkg-config: kess
#include <kess.h>

#if !defined(KESS_VERSION_MAJOR) || (KESS_VERSION_MAJOR == 0 && KESS_VERSION_MINOR < 1)
#error "kess.h of version 0.1 or later is needed"
#endif

// SPDX-License-Identifier: Apache-2.0
*/
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// Profile has the settings of the gateway's PHP: constants or-ed together. 0 is
// PHP 8.2 and later.
type Profile uint32

// The settings of a profile.
const (
	Precision17          Profile = C.KESS_PROFILE_PRECISION_17           // serialize_precision = 17
	UnescapedSlashes     Profile = C.KESS_PROFILE_UNESCAPED_SLASHES      // JSON_UNESCAPED_SLASHES
	UnescapedUnicode     Profile = C.KESS_PROFILE_UNESCAPED_UNICODE      // JSON_UNESCAPED_UNICODE
	KsortPHP80           Profile = C.KESS_PROFILE_KSORT_PHP_8_0          // ksort of PHP 8.0 and 8.1
	KsortPHP7            Profile = C.KESS_PROFILE_KSORT_PHP_7            // ksort of PHP 7
	Precision100         Profile = C.KESS_PROFILE_PRECISION_100          // serialize_precision = 100
	PreserveZeroFraction Profile = C.KESS_PROFILE_PRESERVE_ZERO_FRACTION // JSON_PRESERVE_ZERO_FRACTION
)

// Options of one call. The zero value means the defaults.
type Options struct {
	Profile Profile
	// MaxDepth is how many objects and arrays may be nested, from 1 to 512; to
	// verify, from 1 to 511. 0 means 511 to canonicalize, 512 to sign, 64 to
	// verify.
	MaxDepth int
}

// Signer makes request bodies: a *PrivateKey, or another type with its methods.
type Signer interface {
	SignedBody(params []byte, options ...Options) ([]byte, error)
	SignDocument(text []byte, options ...Options) (string, error)
}

// Verifier returns the canonical bytes of authentic documents: a *PublicKey, or
// another type with its method.
type Verifier interface {
	VerifyDocument(body []byte, options ...Options) ([]byte, error)
}

// requests are kept for the next calls. A request holds its result, too, and has
// enough room for most. It holds no pointer, so that C may have memory of Go.
var requests = sync.Pool{New: func() any { return new(C.kess_request) }}

// Version returns the version of libkess.
func Version() string { return C.GoString(C.kess_version()) }

// OpenSSLVersion returns the version text of the libcrypto in use.
func OpenSSLVersion() string { return C.GoString(C.kess_openssl_version()) }

// builtFor is the version of kess.h.
var builtFor = fmt.Sprintf("%d.%d.%d", C.KESS_VERSION_MAJOR, C.KESS_VERSION_MINOR, C.KESS_VERSION_PATCH)

func init() {
	if err := checkVersion(builtFor); err != nil {
		panic(err)
	}
}

// checkVersion refuses a libkess that does not fit the header: it has the same
// major version, and the same minor version while that is 0.
func checkVersion(built string) error {
	if C.kess_version_fits((*C.char)(unsafe.Pointer(pointer([]byte(built+"\x00"))))) != 0 {
		return nil
	}
	return fmt.Errorf("kess: libkess %s was loaded, but this program was built for libkess %s: "+
		"install that version, or build the program again", Version(), built)
}

// pointer is the first byte, or nil for an empty slice. Its type says that what
// it points to holds no pointers, so that cgo has nothing to look for there.
func pointer(data []byte) *C.uint8_t {
	if len(data) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&data[0]))
}

func settings(options []Options) (Options, error) {
	switch {
	case len(options) == 0:
		return Options{}, nil
	case len(options) > 1:
		return Options{}, wrong("more than one Options was given")
	case options[0].MaxDepth < 0 || options[0].MaxDepth > C.KESS_DEPTH_ENCODE:
		return Options{}, wrong("MaxDepth must be from 1 to 512 (511 to verify), or 0 for the default")
	}
	return options[0], nil
}

// appended runs an operation and appends what it writes to dst. With an error
// dst stays as it was. Where the room is too little, libkess has signed and verified
// nothing, and says what it needs.
func appended(op C.int32_t, key *C.kess_key, dst, text []byte, options []Options) ([]byte, error) {
	o, err := settings(options)
	if err != nil {
		return dst, err
	}
	r := requests.Get().(*C.kess_request)
	defer requests.Put(r)
	r.operation, r.profile, r.max_depth = op, C.uint32_t(o.Profile), C.uint32_t(o.MaxDepth)
	out := C.kess_run(r, key, pointer(text), C.size_t(len(text)))
	if out == nil && r.status == C.KESS_ERR_BUFFER {
		larger := make([]C.kess_request, 1+int(r.len)/len(r.out))
		larger[0].operation, larger[0].profile, larger[0].max_depth = r.operation, r.profile, r.max_depth
		larger[0].room = r.len
		r = &larger[0]
		out = C.kess_run(r, key, pointer(text), C.size_t(len(text)))
	}
	if out == nil {
		return dst, failure(r)
	}
	return append(dst, unsafe.Slice((*byte)(unsafe.Pointer(out)), r.len)...), nil
}

// handle owns a key of libkess. Copies of a PrivateKey or PublicKey share it, so
// that it is freed once, when the last is gone.
type handle struct{ key *C.kess_key }

func load(op C.int32_t, data, password []byte, policy []KeyPolicy) (*handle, error) {
	if len(policy) > 1 {
		return nil, wrong("more than one KeyPolicy was given")
	}
	r := requests.Get().(*C.kess_request)
	defer requests.Put(r)
	r.operation, r.policy = op, 0
	if len(policy) == 1 {
		r.policy = C.uint32_t(policy[0])
	}
	secret := (*C.char)(unsafe.Pointer(pointer(password)))
	key := C.kess_load_key(r, pointer(data), C.size_t(len(data)), secret, C.size_t(len(password)))
	if key == nil {
		return nil, failure(r)
	}
	h := &handle{key}
	runtime.SetFinalizer(h, func(h *handle) { C.kess_key_free(h.key) })
	return h, nil
}

// failure is the error that a request describes. A kind that this package does not
// know is a failure of libkess.
func failure(r *C.kess_request) error {
	kind := ErrBackend
	if r.kind >= 0 && int(r.kind) < len(kinds) {
		kind = kinds[r.kind]
	}
	return &Error{
		Status:  int(r.status),
		Code:    C.GoString(&r.name[0]),
		Reason:  C.GoString(&r.reason[0]),
		Offset:  int64(r.pos),
		Found:   C.GoString(&r.found[0]),
		message: C.GoString(&r.message[0]),
		kind:    kind,
	}
}

// wrong is the error for an argument that does not reach libkess.
func wrong(message string) error {
	return &Error{C.KESS_ERR_ARGUMENT, "KESS_ERR_ARGUMENT", "argument", -1, "", message, ErrInput}
}

// Canonicalize returns the canonical form of a JSON text: the bytes that are
// signed. Its error is an ErrCanonicalization where there is none, an ErrInput for
// options that cannot be used, or an ErrBackend.
func Canonicalize(text []byte, options ...Options) ([]byte, error) {
	return appended(C.KESS_DO_CANONICALIZE, nil, nil, text, options)
}

// AppendCanonical appends the canonical form of a JSON text to dst. With an
// error, one of those of Canonicalize, dst is returned unchanged. dst and text may
// share memory.
func AppendCanonical(dst, text []byte, options ...Options) ([]byte, error) {
	return appended(C.KESS_DO_CANONICALIZE, nil, dst, text, options)
}
