package kess_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log"

	kess "kesspay/bindings/go"
)

// The keys are what the functions of an application take.
var (
	_ kess.Signer   = (*kess.PrivateKey)(nil)
	_ kess.Verifier = (*kess.PublicKey)(nil)
)

// Sign parameters, verify the body, and see a forgery refused.
func Example() {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		log.Fatal(err)
	}
	// An application reads its key from a file: kess.ReadPrivateKey.
	privateKey, err := kess.ParsePrivateKey(x509.MarshalPKCS1PrivateKey(made), nil)
	if err != nil {
		log.Fatal(err)
	}
	publicKey, err := privateKey.Public()
	if err != nil {
		log.Fatal(err)
	}

	body, err := privateKey.SignedBody([]byte(`{"out_trade_no":"T-17","amount":"1.50","currency":"USD"}`))
	if err != nil {
		log.Fatal(err)
	}
	verified, err := publicKey.VerifyDocument(body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("verified: %s\n", verified)

	forged := bytes.Replace(body, []byte("1.50"), []byte("9.50"), 1)
	_, err = publicKey.VerifyDocument(forged)
	var refusal *kess.Error
	if errors.Is(err, kess.ErrSignature) && errors.As(err, &refusal) {
		fmt.Printf("refused: %s (%s)\n", refusal.Reason, refusal.Code)
	}
	// Output:
	// verified: {"amount":"1.50","currency":"USD","out_trade_no":"T-17"}
	// refused: mismatch (KESS_ERR_SIGNATURE)
}
