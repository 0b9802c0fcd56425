package kess

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
)

// document is a text of size bytes.
func document(size int) []byte {
	const frame = `{"service":"create.unified.fundTransfer","amount":"1.50","note":"%s"}`
	return []byte(fmt.Sprintf(frame, strings.Repeat("x", size-len(frame)+2)))
}

// response is a signed body of 701 bytes.
func response(b *testing.B) []byte {
	short, err := private(b).SignedBody(document(200))
	must(b, err)
	body, err := private(b).SignedBody(document(200 + 701 - len(short)))
	must(b, err)
	return body
}

func BenchmarkAppendCanonical701(b *testing.B) {
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

func BenchmarkCanonicalize701(b *testing.B) {
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

func BenchmarkVerifyDocument701(b *testing.B) {
	key, body := public(b), response(b)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		_, err := key.VerifyDocument(body)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignedBody333(b *testing.B) {
	key, text := private(b), document(333)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		_, err := key.SignedBody(text)
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRefusal(b *testing.B) {
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

func BenchmarkCryptoRSASign(b *testing.B) {
	key, text := theirs(b), document(333)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		sum := sha256.Sum256(text)
		_, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			b.Fatal(err)
		}
	}
}
