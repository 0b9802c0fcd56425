package kess

import (
	"bytes"
	"crypto/x509"
	"encoding/gob"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAKeyThatCannotBeLoadedIsOneStatement(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "bindings", "key_errors.json"))
	must(t, err)
	var shared []struct{ File, Needed, Message string }
	must(t, json.Unmarshal(data, &shared))
	for _, row := range shared {
		_, err := ReadPublicKey(keyFile(row.File), nil)
		if row.Needed == "a private key" {
			_, err = ReadPrivateKey(keyFile(row.File), nil)
		}
		if err == nil || err.Error() != "kess: "+row.Message {
			t.Errorf("%v, not %s", err, row.Message)
		}
	}
	if len(shared) < 6 {
		t.Errorf("%d statements", len(shared))
	}
}

func TestAKeyThatCannotBeLoadedSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name     string
		password []byte
		reason   string
		found    string
	}{
		{"rsa-2048.pub.pem", nil, "kind", "a public key"},
		{"rsa-1024.pem", nil, "size", ""},
		{"absent.pem", nil, "file", ""},
		{"rsa-2048.encrypted.pem", nil, "password", ""},
		{"rsa-2048.encrypted.pem", []byte{}, "password", ""},
		{"rsa-2048.encrypted.pem", []byte("correct horse\x00x"), "password", ""},
	} {
		key, err := ReadPrivateKey(keyFile(c.name), c.password)
		e := refused(t, err, ErrKey, c.reason)
		if key != nil || (c.found != "" && e.Found != c.found) {
			t.Errorf("%s: %v, %#v", c.name, key, e)
		}
	}
	_, err := ReadPublicKey(keyFile("rsa-2048.pem"), nil)
	refused(t, err, ErrKey, "secret")
	for _, data := range [][]byte{nil, {}, []byte("x\x00y"), {0}} {
		_, err = ParsePublicKey(data, nil)
		refused(t, err, ErrKey, "format")
		_, err = ParsePrivateKey(data, nil)
		refused(t, err, ErrKey, "format")
	}
	_, err = ReadPublicKey(keyFile("rsa-2048.pub.pem")+"\x00", nil)
	refused(t, err, ErrInput, "argument")
	_, err = ReadPrivateKey("\x00", nil)
	refused(t, err, ErrInput, "argument")
	_, err = ReadPrivateKey("", nil)
	refused(t, err, ErrInput, "argument")
	_, err = ReadPublicKey(keyFile("rsa-2048.pub.pem"), nil, 1<<31)
	refused(t, err, ErrInput, "argument")
	_, err = ReadPublicKey(keyFile("rsa-2048.pub.pem"), nil, 0, AllowWeak)
	refused(t, err, ErrInput, "argument")
}

func TestKeysAreLoaded(t *testing.T) {
	key, err := ReadPrivateKey(keyFile("rsa-2048.encrypted.pem"), []byte("correct horse"))
	must(t, err)
	data, err := os.ReadFile(keyFile("rsa-2048.encrypted.der"))
	must(t, err)
	parsed, err := ParsePrivateKey(data, []byte("correct horse"))
	must(t, err)
	data, err = os.ReadFile(keyFile("rsa-2048.pub.pem"))
	must(t, err)
	publicKey, err := ParsePublicKey(data, nil)
	must(t, err)
	half, err := parsed.Public()
	must(t, err)
	if key.Bits() != 2048 || parsed.Bits() != 2048 || publicKey.Bits() != 2048 || half.Bits() != 2048 {
		t.Error("a key has other sizes")
	}
}

func TestThePublicHalfIsWhatGoWrites(t *testing.T) {
	for _, name := range []string{"rsa-2048", "rsa-2048-e3", "rsa-4096"} {
		data, err := os.ReadFile(keyFile(name + ".pub.pem"))
		must(t, err)
		block, _ := pem.Decode(data)
		expected, err := x509.ParsePKIXPublicKey(block.Bytes)
		must(t, err)
		written, err := x509.MarshalPKIXPublicKey(expected)
		must(t, err)
		key, err := ReadPublicKey(keyFile(name+".pub.pem"), nil, AllowWeak)
		must(t, err)
		found, err := key.SPKI()
		must(t, err)
		if !bytes.Equal(found, written) {
			t.Errorf("%s: %x instead of %x", name, found, written)
		}
	}
}

// A struct of Go has a zero value, and a pointer can be nil: neither is a key.
func TestWhatIsNoKeyIsRefused(t *testing.T) {
	for _, key := range []*PrivateKey{nil, {}} {
		_, err := key.SignedBody([]byte("{}"))
		refused(t, err, ErrInput, "argument")
		_, err = key.SignDocument([]byte("{}"))
		refused(t, err, ErrInput, "argument")
		_, err = key.Public()
		refused(t, err, ErrInput, "argument")
		if key.Bits() != 0 {
			t.Error("nothing has a size")
		}
	}
	for _, key := range []*PublicKey{nil, {}} {
		_, err := key.VerifyDocument([]byte("{}"))
		refused(t, err, ErrInput, "argument")
		refused(t, key.VerifyDocuments([][]byte{nil})[0].Err, ErrInput, "argument")
		if key.Bits() != 0 {
			t.Error("nothing has a size")
		}
	}
	// libkess refuses it, too: a public key that was passed off as a private one.
	_, err := (&PrivateKey{public(t).handle}).SignedBody([]byte("{}"))
	refused(t, err, ErrInput, "argument")
}

func TestAKeyIsNotShownOrSerialised(t *testing.T) {
	key, publicKey := private(t), public(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		shown := fmt.Sprintf(format+" "+format, key, *publicKey)
		if shown != "kess.PrivateKey(2048 bits) kess.PublicKey(2048 bits)" {
			t.Errorf("%s shows %s", format, shown)
		}
	}
	for _, value := range []any{key, *key, publicKey, *publicKey} {
		if _, err := json.Marshal(value); err == nil || !strings.Contains(err.Error(), "never serialised") {
			t.Errorf("JSON of a key: %v", err)
		}
		if err := gob.NewEncoder(new(bytes.Buffer)).Encode(value); err == nil {
			t.Error("gob took a key")
		}
	}
	if _, err := key.MarshalText(); err == nil {
		t.Error("text of a private key")
	}
	if _, err := publicKey.MarshalText(); err == nil {
		t.Error("text of a public key")
	}
}

// A copy shares the key of its original, which is freed once.
func TestACopyOutlivesItsOriginal(t *testing.T) {
	dup := *private(t)
	collect()
	body, err := dup.SignedBody([]byte(`{"a":1}`))
	must(t, err)
	_, err = public(t).VerifyDocument(body)
	must(t, err)
}
