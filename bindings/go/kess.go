package kess

/*
#cgo pkg-config: kess
#include <kess.h>

#if !defined(KESS_VERSION_MAJOR) || (KESS_VERSION_MAJOR == 0 && KESS_VERSION_MINOR < 1)
#error "kess.h of version 0.1 or later is needed"
#endif

// SPDX-License-Identifier: Apache-2.0

// What a call says, by value: no memory of Go holds a pointer for C to fill.
typedef struct {
    kess_key *key;
    size_t len; // written, or the room that is needed
    kess_error err;
} go_result;

static go_result go_call(const kess_key *key, int operation, uint8_t *out, size_t room,
                         const uint8_t *text, size_t text_len, uint32_t profile, uint32_t max_depth)
{
    go_result r = {NULL, room, {KESS_ERR_ARGUMENT, 0, 0}};
    r.err.status = kess_call(key, operation, out, &r.len, text, text_len, profile, max_depth, &r.err);
    return r;
}

static go_result go_load(int operation, const uint8_t *data, size_t len, const uint8_t *password,
                         size_t password_len, uint32_t policy)
{
    go_result r = {NULL, 0, {KESS_ERR_ARGUMENT, 0, 0}};
    const char *secret = (const char *)password;
    r.err.status = kess_load(&r.key, operation, data, len, secret, password_len, policy, &r.err);
    return r;
}

static kess_description go_describe(int operation, kess_error err)
{
    kess_description d;
    kess_describe(&d, operation, &err);
    return d;
}
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

// scratchSize is enough for most documents. Outputs are copied from there, which
// is faster than a new slice of the largest size for each call.
const scratchSize = 65536

var scratches = sync.Pool{New: func() any { return new([scratchSize]byte) }}

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

// overlap says whether two slices share bytes, capacity included.
func overlap(a, b []byte) bool {
	if cap(a) == 0 || len(b) == 0 {
		return false
	}
	a = a[:cap(a)]
	return uintptr(unsafe.Pointer(&a[0])) <= uintptr(unsafe.Pointer(&b[len(b)-1])) &&
		uintptr(unsafe.Pointer(&b[0])) <= uintptr(unsafe.Pointer(&a[len(a)-1]))
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
func appended(op C.int, key *C.kess_key, dst, text []byte, options []Options) ([]byte, error) {
	o, err := settings(options)
	if err != nil {
		return dst, err
	}
	call := func(out []byte) C.go_result {
		return C.go_call(key, op, pointer(out), C.size_t(len(out)), pointer(text), C.size_t(len(text)),
			C.uint32_t(o.Profile), C.uint32_t(o.MaxDepth))
	}
	out := dst[len(dst):cap(dst)]
	inPlace := len(out) > len(text) && !overlap(out, text)
	if !inPlace {
		scratch := scratches.Get().(*[scratchSize]byte)
		defer scratches.Put(scratch)
		out = scratch[:]
	}
	r := call(out)
	if r.err.status == C.KESS_ERR_BUFFER {
		out, inPlace = make([]byte, r.len), false
		r = call(out)
	}
	if r.err.status != C.KESS_OK {
		return dst, failure(op, r.err)
	}
	if inPlace {
		return dst[:len(dst)+int(r.len)], nil
	}
	return append(dst, out[:r.len]...), nil
}

// handle owns a key of libkess. Copies of a PrivateKey or PublicKey share it, so
// that it is freed once, when the last is gone.
type handle struct{ key *C.kess_key }

func load(op C.int, data, password []byte, policy []KeyPolicy) (*handle, error) {
	if len(policy) > 1 {
		return nil, wrong("more than one KeyPolicy was given")
	}
	var flags C.uint32_t
	if len(policy) == 1 {
		flags = C.uint32_t(policy[0])
	}
	r := C.go_load(op, pointer(data), C.size_t(len(data)), pointer(password), C.size_t(len(password)), flags)
	if r.err.status != C.KESS_OK {
		return nil, failure(op, r.err)
	}
	h := &handle{r.key}
	runtime.SetFinalizer(h, func(h *handle) { C.kess_key_free(h.key) })
	return h, nil
}

// failure is the error that libkess describes. What it does not know is a failure
// of its own.
func failure(op C.int, err C.kess_error) error {
	d := C.go_describe(op, err)
	kind := ErrBackend
	if int(d.kind) < len(kinds) {
		kind = kinds[d.kind]
	}
	return &Error{
		Status:  int(d.status),
		Code:    C.GoString(d.name),
		Reason:  C.GoString(d.reason),
		Offset:  int64(d.pos),
		Found:   C.GoString(d.found),
		message: C.GoString(&d.message[0]),
		kind:    kind,
	}
}

// wrong is the error for an argument that does not reach libkess.
func wrong(message string) error {
	e := failure(C.KESS_DO_CANONICALIZE, C.kess_error{status: C.KESS_ERR_ARGUMENT}).(*Error)
	e.message = message
	return e
}

// Canonicalize returns the canonical form of a JSON text: the bytes that are
// signed. Its error is an ErrCanonicalization where there is none, an ErrInput for
// options that cannot be used, or an ErrBackend.
func Canonicalize(text []byte, options ...Options) ([]byte, error) {
	return appended(C.KESS_DO_CANONICALIZE, nil, nil, text, options)
}

// AppendCanonical appends the canonical form of a JSON text to dst. With an
// error, one of those of Canonicalize, dst is returned unchanged. If dst has more
// room than the text is long, and the form fits, it is written there and not copied.
// dst and text may share memory.
func AppendCanonical(dst, text []byte, options ...Options) ([]byte, error) {
	return appended(C.KESS_DO_CANONICALIZE, nil, dst, text, options)
}
