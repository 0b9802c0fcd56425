package kess

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const root = "../.."

// answer is what PHP makes of a document under some settings.
type answer struct {
	Settings string
	OK       *string
}

// stored is a row of the stored answers of the judges.
type stored struct {
	Group          string
	Key            string
	Why            string
	Sign           string
	Canonical      string
	Valid          bool
	Document       *string
	DocumentBase64 []byte `json:"document_base64"`
	Body           *string
	BodyBase64     []byte `json:"body_base64"`
	OK             *string
	Answers        []answer
}

func (s stored) document() []byte { return either(s.Document, s.DocumentBase64) }
func (s stored) body() []byte     { return either(s.Body, s.BodyBase64) }

func either(text *string, data []byte) []byte {
	if text != nil {
		return []byte(*text)
	}
	return data
}

// rows reads a file of stored answers. Its first line says where they are from.
func rows(t *testing.T, name string) []stored {
	t.Helper()
	file, err := os.Open(filepath.Join(root, "tests", "vectors", name+".jsonl.gz"))
	must(t, err)
	defer file.Close()
	text, err := gzip.NewReader(file)
	must(t, err)
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<26)
	lines.Scan()
	var all []stored
	for lines.Scan() {
		var row stored
		must(t, json.Unmarshal(lines.Bytes(), &row))
		all = append(all, row)
	}
	must(t, lines.Err())
	return all
}

func keyFile(name string) string {
	return filepath.Join(root, "tests", "vectors", "keys", name)
}

func private(t testing.TB) *PrivateKey {
	t.Helper()
	key, err := ReadPrivateKey(keyFile("rsa-2048.pem"), nil)
	must(t, err)
	return key
}

func public(t testing.TB) *PublicKey {
	t.Helper()
	key, err := ReadPublicKey(keyFile("rsa-2048.pub.pem"), nil)
	must(t, err)
	return key
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks what an error says.
func refused(t testing.TB, err error, kind error, reason string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, kind) || e.Reason != reason {
		t.Fatalf("%v is no %v with the reason %q", err, kind, reason)
	}
	return e
}
