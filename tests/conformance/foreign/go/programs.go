package main

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
	"strings"
)

// Unmarshal into a map and Marshal: the map is sorted, at every level.
func marshal(text, _ []byte) ([]byte, error) {
	var data map[string]any
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, err
	}
	delete(data, "sign")
	delete(data, "sign_type")
	return json.Marshal(data)
}

// As above, with what the documentation of Encoder offers: no HTML, whole numbers.
func marshalNoHTML(text, _ []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var data map[string]any
	if err := decoder.Decode(&data); err != nil {
		return nil, err
	}
	delete(data, "sign")
	delete(data, "sign_type")
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		return nil, err
	}
	written := strings.TrimSuffix(out.String(), "\n")
	return []byte(strings.ReplaceAll(written, "/", `\/`)), nil
}

// A verifier over the text above; StdEncoding skips line breaks.
func verifyStd(text, key []byte) ([]byte, error) {
	signed, err := marshalNoHTML(text, nil)
	if err != nil {
		return nil, err
	}
	var message struct{ Sign string }
	if err := json.Unmarshal(text, &message); err != nil {
		return nil, err
	}
	signature, err := base64.StdEncoding.DecodeString(message.Sign)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(signed)
	err = rsa.VerifyPKCS1v15(public.(*rsa.PublicKey), crypto.SHA256, digest[:], signature)
	return signed, err
}
