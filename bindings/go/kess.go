package kess

/*
#cgo pkg-config: kess
#include <kess.h>

#if !defined(KESS_VERSION_MAJOR) || (KESS_VERSION_MAJOR == 0 && KESS_VERSION_MINOR < 1)
#error "kess.h of version 0.1 or later is needed"
#endif

// SPDX-License-Identifier: Apache-2.0

enum { GO_CANONICALIZE, GO_SIGNED_BODY, GO_SIGN_DOCUMENT, GO_VERIFY_DOCUMENT };

// What a call says, by value: no memory of Go holds a pointer for C to fill.
typedef struct {
    uint64_t pos;
    size_t len; // written, or the room that is needed
    int32_t status;
    int32_t item;
    int32_t small; // the room was too little, and nothing was done
} go_outcome;

// An operation, where there is room for all it can write: libkess signs and
// verifies before it finds that the room is too little.
static go_outcome go_call(int operation, const kess_key *key, uint8_t *out, size_t room,
                          const uint8_t *text, size_t text_len, uint32_t profile,
                          uint32_t max_depth)
{
    go_outcome result = {0, 0, KESS_ERR_BUFFER, 0, 1};
    const kess_options options = {profile, max_depth};
    kess_error err = {0, 0, 0};
    size_t bound = kess_canonical_bound_for(text_len, &options), more = 64;

    if (operation == GO_SIGNED_BODY || operation == GO_SIGN_DOCUMENT) {
        more += (kess_key_size(key) + 2) / 3 * 4;
    }
    result.len = bound > SIZE_MAX - more ? SIZE_MAX : bound + more;
    if (out == NULL || room < result.len) {
        return result;
    }
    result.small = 0;
    result.len = room;
    switch (operation) {
    case GO_CANONICALIZE:
        result.status = kess_canonicalize(out, &result.len, text, text_len, &options, &err);
        break;
    case GO_SIGNED_BODY:
        result.status = kess_signed_body(key, out, &result.len, text, text_len, &options, &err);
        break;
    case GO_SIGN_DOCUMENT:
        result.status = kess_sign_document(key, (char *)out, &result.len, text, text_len, &options, &err);
        break;
    case GO_VERIFY_DOCUMENT:
        result.status = kess_verify_document(key, out, &result.len, text, text_len, &options, &err);
        break;
    default:
        result.status = KESS_ERR_ARGUMENT;
    }
    result.item = err.item;
    result.pos = err.pos;
    return result;
}
*/
import "C"

import (
	"fmt"
	"math"
	"strconv"
	"strings"
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

var (
	_ Signer   = (*PrivateKey)(nil)
	_ Verifier = (*PublicKey)(nil)
)

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
	if err := checkVersion(Version(), builtFor); err != nil {
		panic(err)
	}
}

// checkVersion refuses a libkess that does not fit the header: it has the same
// major version, and the same minor version while that is 0.
func checkVersion(loaded, built string) error {
	have, need := strings.Split(loaded, "."), strings.Split(built, ".")
	if len(have) == 3 && len(need) == 3 && have[0] == need[0] && (have[0] != "0" || have[1] == need[1]) {
		if _, err := strconv.ParseUint(have[1], 10, 32); err == nil {
			return nil
		}
	}
	return fmt.Errorf("kess: libkess %s was loaded, but this program was built for libkess %s: "+
		"install that version, or build the program again", loaded, built)
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

type operation int

const (
	canonicalize   operation = C.GO_CANONICALIZE
	signedBody     operation = C.GO_SIGNED_BODY
	signDocument   operation = C.GO_SIGN_DOCUMENT
	verifyDocument operation = C.GO_VERIFY_DOCUMENT
)

func settings(options []Options) (Options, error) {
	if len(options) == 0 {
		return Options{}, nil
	}
	if len(options) > 1 {
		return Options{}, wrong("more than one Options was given")
	}
	if options[0].MaxDepth < 0 || options[0].MaxDepth > C.KESS_DEPTH_ENCODE {
		return Options{}, wrong("MaxDepth must be from 1 to 512 (511 to verify), or 0 for the default")
	}
	return options[0], nil
}

// try runs an operation. It does nothing where out could be too small; needed is
// the room then, and 0 otherwise.
func try(op operation, key *C.kess_key, out, text []byte, o Options) (written, needed uint64, err error) {
	r := C.go_call(C.int(op), key, pointer(out), C.size_t(len(out)), pointer(text),
		C.size_t(len(text)), C.uint32_t(o.Profile), C.uint32_t(o.MaxDepth))
	if r.small != 0 {
		return 0, uint64(r.len), nil
	}
	err = outcome{done: true, status: int(r.status), item: int(r.item), offset: uint64(r.pos)}.err(op == verifyDocument)
	if err != nil {
		return 0, 0, err
	}
	return uint64(r.len), 0, nil
}

// appended runs an operation and appends what it writes to dst. With an error
// dst stays as it was.
func appended(op operation, key *C.kess_key, dst, text []byte, options []Options) ([]byte, error) {
	o, err := settings(options)
	if err != nil {
		return dst, err
	}
	if free := dst[len(dst):cap(dst)]; len(free) > len(text) && !overlap(free, text) {
		written, needed, err := try(op, key, free, text, o)
		if err != nil {
			return dst, err
		}
		if needed == 0 {
			return dst[:len(dst)+int(written)], nil
		}
	}
	scratch := scratches.Get().(*[scratchSize]byte)
	defer scratches.Put(scratch)
	out := scratch[:]
	written, needed, err := try(op, key, out, text, o)
	if err == nil && needed > 0 {
		if needed > math.MaxInt/2 {
			return dst, outcome{done: true, status: C.KESS_ERR_LENGTH}.err(op == verifyDocument)
		}
		out = make([]byte, needed)
		written, needed, err = try(op, key, out, text, o)
		if err == nil && needed > 0 {
			err = outcome{done: true, status: C.KESS_ERR_BUFFER}.err(op == verifyDocument)
		}
	}
	if err != nil {
		return dst, err
	}
	return append(dst, out[:written]...), nil
}

// Canonicalize returns the canonical form of a JSON text: the bytes that are
// signed. Its error is an ErrCanonicalization where there is none, an ErrInput for
// options that cannot be used, or an ErrBackend.
func Canonicalize(text []byte, options ...Options) ([]byte, error) {
	return result(appended(canonicalize, nil, nil, text, options))
}

// AppendCanonical appends the canonical form of a JSON text to dst. With an
// error, one of those of Canonicalize, dst is returned unchanged. If dst has room
// for six times the text (21 times with Precision100) and 128 bytes more, the form
// is written there and not copied. dst and text may share memory.
func AppendCanonical(dst, text []byte, options ...Options) ([]byte, error) {
	return appended(canonicalize, nil, dst, text, options)
}

// result makes sure that nothing comes with an error.
func result(out []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return out, nil
}
