package kess

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// judged compares an answer with that of PHP, which is nil for a failure.
func judged(t *testing.T, document []byte, expected *string, options ...Options) {
	t.Helper()
	found, err := Canonicalize(document, options...)
	switch {
	case expected == nil && (found != nil || !errors.Is(err, ErrCanonicalization)):
		t.Errorf("%q %v: %q, %v instead of a refusal", document, options, found, err)
	case expected != nil && (err != nil || string(found) != *expected):
		t.Errorf("%q %v: %q, %v instead of %q", document, options, found, err, *expected)
	}
}

func TestEveryDocument(t *testing.T) {
	count := 0
	prefix := []byte("before ")
	for _, name := range []string{"canonical", "ksort"} {
		for _, row := range rows(t, name) {
			count++
			judged(t, row.document(), row.OK)
			appended, err := AppendCanonical(prefix, row.document())
			expected := string(prefix)
			if row.OK != nil {
				expected += *row.OK
			}
			if string(appended) != expected || (err == nil) != (row.OK != nil) {
				t.Errorf("%q: appended %q, %v", row.document(), appended, err)
			}
		}
	}
	if count != 13017 {
		t.Errorf("%d documents instead of 13017", count)
	}
}

func TestEveryProfile(t *testing.T) {
	letters := map[rune]Profile{'p': Precision17, 'h': Precision100, 'z': PreserveZeroFraction, 's': UnescapedSlashes, 'u': UnescapedUnicode,
		'8': KsortPHP80, '7': KsortPHP7}
	count := 0
	for _, name := range []string{"profiles", "ksort_old"} {
		for _, row := range rows(t, name) {
			for _, answer := range row.Answers {
				var profile Profile
				for _, letter := range answer.Settings {
					flag, ok := letters[letter]
					if !ok {
						t.Fatalf("unknown settings %q", answer.Settings)
					}
					profile |= flag
				}
				judged(t, row.document(), answer.OK, Options{Profile: profile})
				count++
			}
		}
	}
	if count < 7000 {
		t.Errorf("%d answers only", count)
	}
}

func TestEverySignature(t *testing.T) {
	valid, forged := 0, 0
	for _, row := range rows(t, "signatures") {
		publicKey, err := ReadPublicKey(keyFile(row.Key+".pub.pem"), nil, AllowWeak)
		must(t, err)
		verified, err := publicKey.VerifyDocument(row.body())
		batch := publicKey.VerifyDocuments([][]byte{nil, row.body()})
		if batch[0].Err == nil || !bytes.Equal(batch[1].Canonical, verified) || (batch[1].Err == nil) != (err == nil) {
			t.Errorf("a batch says %v for %q", batch, row.body())
		}
		if !row.Valid {
			forged++
			if verified != nil || !errors.Is(err, ErrSignature) {
				t.Errorf("%s: %q, %v", row.Why, verified, err)
			}
			continue
		}
		valid++
		must(t, err)
		if string(verified) != row.Canonical {
			t.Errorf("%q verified instead of %q", verified, row.Canonical)
		}
		privateKey, err := ReadPrivateKey(keyFile(row.Key+".pem"), nil, AllowWeak)
		must(t, err)
		sign, err := privateKey.SignDocument(row.document())
		must(t, err)
		if sign != row.Sign {
			t.Errorf("%q is signed as %s instead of %s", row.document(), sign, row.Sign)
		}
	}
	if valid != 72 || forged != 51 {
		t.Errorf("%d valid and %d forged instead of 72 and 51", valid, forged)
	}
}

const parameters = `{"service":"create.unified.fundTransfer","amount":0.5,"name":"សុខ / Sok","nul":"\u0000"}`

func TestTheCryptoOfGoAgrees(t *testing.T) {
	body, err := private(t).SignedBody([]byte(parameters))
	must(t, err)
	var values map[string]any
	must(t, json.Unmarshal(body, &values))
	signature, err := base64.StdEncoding.DecodeString(values["sign"].(string))
	must(t, err)
	data, err := os.ReadFile(keyFile("rsa-2048.pub.pem"))
	must(t, err)
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	must(t, err)
	canonical, err := public(t).VerifyDocument(body)
	must(t, err)
	sum := sha256.Sum256(canonical)
	must(t, rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, sum[:], signature))
	expected, err := Canonicalize([]byte(parameters))
	must(t, err)
	if !bytes.Equal(canonical, expected) || values["sign_type"] != "RSA2" {
		t.Errorf("%q verified, %v", canonical, values["sign_type"])
	}
}

const python = `
import sys
from kesspay import PrivateKey, PublicKey, signed_body, verify_document
body = sys.stdin.buffer.read()
verify_document(PublicKey.from_file(sys.argv[2]), body)
parameters = {"service": "create.unified.fundTransfer", "amount": 0.5,
              "name": "\u179f\u17bb\u1781 / Sok", "nul": "\0"}
print(signed_body(PrivateKey.from_file(sys.argv[1]), parameters).decode(), end="")
`

func TestPythonAgrees(t *testing.T) {
	program := os.Getenv("KESSPAY_PYTHON")
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("KESSPAY_REQUIRE_LANGUAGES") == "1" {
			t.Fatal("KESSPAY_PYTHON names no Python with kesspay")
		}
		t.Skip("KESSPAY_PYTHON names no Python with kesspay")
	}
	body, err := private(t).SignedBody([]byte(parameters))
	must(t, err)
	command := exec.Command(program, "-W", "ignore", "-c", python, keyFile("rsa-2048.pem"), keyFile("rsa-2048.pub.pem"))
	command.Stdin = bytes.NewReader(body)
	command.Stderr = os.Stderr
	found, err := command.Output()
	must(t, err)
	if !bytes.Equal(found, body) {
		t.Errorf("Python signs %q, and Go %q", found, body)
	}
	_, err = public(t).VerifyDocument(found)
	must(t, err)
	_, err = public(t).VerifyDocument([]byte(strings.Replace(string(found), "0.5", "9.5", 1)))
	refused(t, err, ErrSignature, "mismatch")
}
