// Command conformance asks this package what the conformance kit wants to know:
//
//	kesspay conformance run --bulk -- go run ./conformance ../../tests/vectors/keys
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	kess "kesspay/bindings/go"
)

type question struct {
	ID                  int
	Op, Profile, Kind   string
	Text, Key, Password []byte
}

type answer struct {
	ID      int     `json:"id"`
	Bytes   *[]byte `json:"bytes,omitempty"`
	Refused string  `json:"refused,omitempty"`
	Error   string  `json:"error,omitempty"`
}

type hello struct {
	Protocol int      `json:"protocol"`
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Language string   `json:"language"`
	Ops      []string `json:"ops"`
	Profiles []string `json:"profiles"`
}

var profiles = map[string]kess.Profile{
	"precision=17":           kess.Precision17,
	"precision=100":          kess.Precision100,
	"preserve_zero_fraction": kess.PreserveZeroFraction,
	"unescaped_slashes":      kess.UnescapedSlashes,
	"unescaped_unicode":      kess.UnescapedUnicode,
	"ksort=8.0":              kess.KsortPHP80,
	"ksort=7":                kess.KsortPHP7,
}

func options(words string) (o kess.Options) {
	for _, word := range strings.Split(words, ",") {
		o.Profile |= profiles[word]
	}
	return o
}

var operations = map[string]func(q question) ([]byte, error){
	"canonicalize": func(q question) ([]byte, error) { return kess.Canonicalize(q.Text, options(q.Profile)) },
	"sign": func(q question) ([]byte, error) {
		key, err := kess.ParsePrivateKey(q.Key, nil)
		if err != nil {
			return nil, err
		}
		sign, err := key.SignDocument(q.Text, options(q.Profile))
		return []byte(sign), err
	},
	"body": func(q question) ([]byte, error) {
		key, err := kess.ParsePrivateKey(q.Key, nil)
		if err != nil {
			return nil, err
		}
		return key.SignedBody(q.Text, options(q.Profile))
	},
	"verify": func(q question) ([]byte, error) {
		key, err := kess.ParsePublicKey(q.Key, nil)
		if err != nil {
			return nil, err
		}
		return key.VerifyDocument(q.Text, options(q.Profile))
	},
	"key": func(q question) ([]byte, error) {
		key, err := publicHalf(q)
		if err != nil {
			return nil, err
		}
		return key.SPKI()
	},
	"base64": func(q question) ([]byte, error) { return strict(q.Text) },
}

func publicHalf(q question) (*kess.PublicKey, error) {
	if q.Kind != "private" {
		return kess.ParsePublicKey(q.Text, q.Password)
	}
	key, err := kess.ParsePrivateKey(q.Text, q.Password)
	if err != nil {
		return nil, err
	}
	return key.Public()
}

// strict decodes what libkess reads as a signature, right or not: strict base64.
func strict(text []byte) ([]byte, error) {
	document, err := json.Marshal(map[string]string{"sign": string(text)})
	if err != nil {
		return nil, err
	}
	key, err := kess.ReadPublicKey(filepath.Join(os.Args[1], "rsa-2048.pub.pem"), nil)
	if err != nil {
		return nil, err
	}
	_, err = key.VerifyDocument(document)
	var refusal *kess.Error
	if errors.As(err, &refusal) && refusal.Reason != "mismatch" && refusal.Reason != "sign_length" {
		return nil, err
	}
	return base64.StdEncoding.DecodeString(string(text))
}

func answerTo(q question) interface{} {
	if q.Op == "hello" {
		h := hello{Protocol: 1, Name: "bindings/go", Version: kess.Version(), Language: runtime.Version()}
		for name := range operations {
			h.Ops = append(h.Ops, name)
		}
		for name := range profiles {
			h.Profiles = append(h.Profiles, name)
		}
		return h
	}
	out, err := operations[q.Op](q)
	var refusal *kess.Error
	switch {
	case err == nil:
		if out == nil {
			out = []byte{}
		}
		return answer{ID: q.ID, Bytes: &out}
	case errors.As(err, &refusal) && !errors.Is(err, kess.ErrBackend):
		return answer{ID: q.ID, Refused: refusal.Reason}
	default:
		return answer{ID: q.ID, Error: err.Error()}
	}
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for {
		var q question
		if questions.Decode(&q) != nil || answers.Encode(answerTo(q)) != nil {
			return
		}
	}
}
