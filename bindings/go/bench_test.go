package kess

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// document is a text of size bytes.
func document(size int) []byte {
	const frame = `{"service":"create.unified.fundTransfer","amount":"1.50","note":"%s"}`
	return []byte(fmt.Sprintf(frame, strings.Repeat("x", size-len(frame)+2)))
}

// given is a file of the folder KESS_BENCH, or nil where it is not set: see ../measure.
func given(b *testing.B, name string) []byte {
	folder := os.Getenv("KESS_BENCH")
	if folder == "" {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	must(b, err)
	return data
}

// request is a text of 333 bytes.
func request(b *testing.B) []byte {
	if data := given(b, "request.json"); data != nil {
		return data
	}
	return document(333)
}

// response is a signed body of 701 bytes.
func response(b *testing.B) []byte {
	if data := given(b, "body.json"); data != nil {
		return data
	}
	short, err := private(b).SignedBody(document(200))
	must(b, err)
	body, err := private(b).SignedBody(document(200 + 701 - len(short)))
	must(b, err)
	return body
}

func BenchmarkCanonicalize(b *testing.B) {
	body := response(b)
	dst := make([]byte, 0, 8192)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		_, err := AppendCanonical(dst, body)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewSlice(b *testing.B) {
	body := response(b)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		_, err := Canonicalize(body)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	key, body := public(b), response(b)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		_, err := key.VerifyDocument(body)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	key, text := private(b), request(b)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		_, err := key.SignedBody(text)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefuse(b *testing.B) {
	for i := 0; i < b.N; i++ {
		if _, err := Canonicalize([]byte("{")); err == nil {
			b.Fatal("accepted")
		}
	}
}

// theirs is the same key for crypto/rsa.
func theirs(b *testing.B) *rsa.PrivateKey {
	data, err := os.ReadFile(keyFile("rsa-2048.pem"))
	must(b, err)
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	must(b, err)
	return key.(*rsa.PrivateKey)
}

func BenchmarkCryptoRSAVerify(b *testing.B) {
	key := theirs(b)
	sum := sha256.Sum256(document(333))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	must(b, err)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkByHandVerify(b *testing.B) {
	key, body := theirs(b), response(b)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		text, sign, err := byHand(body)
		must(b, err)
		signature, err := base64.StdEncoding.DecodeString(sign)
		must(b, err)
		sum := sha256.Sum256(text)
		must(b, rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature))
	}
}

func BenchmarkCryptoRSASign(b *testing.B) {
	key, text := theirs(b), request(b)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		sum := sha256.Sum256(text)
		_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			b.Fatal(err)
		}
	}
}
