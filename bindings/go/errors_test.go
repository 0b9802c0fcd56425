package kess

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

var exceptions = map[string]error{
	"InputError":            ErrInput,
	"CanonicalizationError": ErrCanonicalization,
	"KeyLoadError":          ErrKey,
	"InvalidSignature":      ErrSignature,
	"DocumentRefused":       ErrDocument,
	"BackendError":          ErrBackend,
}

// described is the error for what libkess says of a call. A test cannot name the types
// of C: the offsets of their fields are fixed.
func described(status, kind int32, code, reason string) error {
	function := reflect.ValueOf(failure)
	request := reflect.New(function.Type().In(0).Elem())
	memory := (*[512]byte)(request.UnsafePointer())
	*(*int32)(unsafe.Pointer(&memory[28])) = status
	*(*int32)(unsafe.Pointer(&memory[32])) = kind
	copy(memory[36:67], code)
	copy(memory[92:115], reason)
	return function.Call([]reflect.Value{request})[0].Interface().(error)
}

// kindOf is the value of a kind in kess.h, which names the exception of each.
func kindOf(t *testing.T, exception string) int32 {
	t.Helper()
	header, err := os.ReadFile(filepath.Join(root, "csrc", "include", "kess.h"))
	must(t, err)
	found := regexp.MustCompile(`KESS_KIND_\w+ = (\d),? +/\* ` + exception + `\b`).FindSubmatch(header)
	if found == nil {
		t.Fatalf("kess.h has no kind for %s", exception)
	}
	return int32(found[1][0] - '0')
}

func TestTheTableIsThatOfAllLanguages(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "bindings", "status.json"))
	must(t, err)
	var shared []struct {
		Status                             int
		Code, Exception, Verifying, Reason string
	}
	must(t, json.Unmarshal(data, &shared))
	for _, row := range shared {
		if row.Verifying == "" {
			row.Verifying = row.Exception
		}
		for _, name := range []string{row.Exception, row.Verifying} {
			e := described(int32(row.Status), kindOf(t, name), row.Code, row.Reason).(*Error)
			if e.Unwrap() != exceptions[name] || e.Reason != row.Reason || e.Code != row.Code || e.Status != row.Status {
				t.Errorf("%#v instead of %v", e, row)
			}
		}
	}
	header, err := os.ReadFile(filepath.Join(root, "csrc", "include", "kess.h"))
	must(t, err)
	values := regexp.MustCompile(`(?m)^ +(KESS_ERR_\w+) = (\d+)`).FindAllStringSubmatch(string(header), -1)
	if len(values) != len(shared) {
		t.Fatalf("kess.h has %d statuses", len(values))
	}
	for i, value := range values {
		if value[1] != shared[i].Code || value[2] != strconv.Itoa(shared[i].Status) {
			t.Errorf("%v instead of %v", shared[i], value[1:])
		}
	}
}

// What libkess does not know has the kind of a failure; so has a kind that this
// package does not know.
func TestAnInventedStatusIsAFailure(t *testing.T) {
	for _, kind := range []int32{0, -1, 6, 7, math.MaxInt32, math.MinInt32} {
		e := refused(t, described(99, kind, "KESS_ERR_UNKNOWN", "unknown"), ErrBackend, "unknown")
		if e.Status != 99 {
			t.Errorf("%v has the status %d", e, e.Status)
		}
	}
	if len(kinds) != len(exceptions) {
		t.Errorf("%d kinds", len(kinds))
	}
}

func TestTheKindsOfErrors(t *testing.T) {
	for _, pair := range [][2]error{{ErrCanonicalization, ErrInput}, {ErrKey, ErrInput}, {ErrDocument, ErrSignature}} {
		if !errors.Is(pair[0], pair[1]) || errors.Is(pair[1], pair[0]) {
			t.Errorf("%v is not part of %v", pair[0], pair[1])
		}
	}
	for name, kind := range exceptions {
		if !strings.HasPrefix(kind.Error(), "kess: ") {
			t.Errorf("%s says %q", name, kind)
		}
	}
	if errors.Is(ErrBackend, ErrSignature) || errors.Is(ErrSignature, ErrInput) {
		t.Error("a kind is part of another")
	}
}

func TestAnErrorSaysWhere(t *testing.T) {
	_, err := Canonicalize([]byte(`{"a":1,}`))
	if e := refused(t, err, ErrCanonicalization, "syntax"); e.Offset != 7 || !strings.Contains(e.Error(), "at byte 7") {
		t.Errorf("%v is at %d", e, e.Offset)
	}
	_, err = Canonicalize([]byte("{\"a\":\"é\xff\"}"))
	if e := refused(t, err, ErrCanonicalization, "utf8"); e.Offset != 8 {
		t.Errorf("%v is at %d", e, e.Offset)
	}
	_, err = public(t).VerifyDocument([]byte(`{"a":1,"a":2,"sign":""}`))
	refused(t, err, ErrSignature, "duplicate")
	refused(t, err, ErrDocument, "duplicate")
	_, err = public(t).VerifyDocument([]byte(`{"a":1}`))
	if e := refused(t, err, ErrSignature, "sign_missing"); e.Offset != -1 || errors.Is(err, ErrDocument) {
		t.Errorf("%v is at %d", e, e.Offset)
	}
}

func TestOtherVersionsAreRefused(t *testing.T) {
	must(t, checkVersion("0.1.9"))
	for _, built := range []string{"0.2.0", "0.10.0", "1.0.0", "", "1", "0.x.0"} {
		err := checkVersion(built)
		if err == nil || !strings.Contains(err.Error(), built) || !strings.Contains(err.Error(), Version()) {
			t.Errorf("%s: %v", built, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "src", "kesspay", "_version.py"))
	must(t, err)
	if Version() != builtFor || !strings.Contains(string(text), `"`+Version()+`"`) {
		t.Errorf("libkess %s, header %s, project %s", Version(), builtFor, text)
	}
	if OpenSSLVersion() == "" {
		t.Error("no version of OpenSSL")
	}
}
