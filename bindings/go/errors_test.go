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
)

var exceptions = map[string]error{
	"InputError":            ErrInput,
	"CanonicalizationError": ErrCanonicalization,
	"KeyLoadError":          ErrKey,
	"InvalidSignature":      ErrSignature,
	"DocumentRefused":       ErrDocument,
	"BackendError":          ErrBackend,
}

// failed is the error for a status. A test cannot name the types of C.
func failed(status int, verifying bool) error {
	function := reflect.ValueOf(failure)
	failure := reflect.New(function.Type().In(1))
	*(*int32)(failure.UnsafePointer()) = int32(status)
	operation := 1 // KESS_DO_SIGNED_BODY
	if verifying {
		operation = 3 // KESS_DO_VERIFY_DOCUMENT
	}
	arguments := []reflect.Value{reflect.ValueOf(operation).Convert(function.Type().In(0)), failure.Elem()}
	return function.Call(arguments)[0].Interface().(error)
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
		for verifying, name := range map[bool]string{false: row.Exception, true: row.Verifying} {
			e := failed(row.Status, verifying).(*Error)
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

func TestAnInventedStatusIsAFailure(t *testing.T) {
	for _, status := range []int{-1, 4, 99, 208, 225, 310, 406, 65536, math.MaxInt32, math.MinInt32} {
		for _, verifying := range []bool{false, true} {
			e := refused(t, failed(status, verifying), ErrBackend, "unknown")
			if e.Status != status || !strings.Contains(e.Error(), strconv.Itoa(status)) {
				t.Errorf("%v does not name %d", e, status)
			}
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
