// Your code, which the adapter and the runner in this folder ask.
package main

import "encoding/json"

// canonicalize returns the canonical form of a JSON text: what is signed. Replace its
// body with your code. An error says that your code refuses the input. A panic is an
// error, which blames no rule.
func canonicalize(text []byte) ([]byte, error) {
	var data map[string]interface{}
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, err
	}
	delete(data, "sign_type")
	delete(data, "sign")
	return json.Marshal(data)
}

type operation func(text, key, kind, password []byte) ([]byte, error)

// What your code does, each with text, key (PEM), kind of the key ("private" or "public")
// and password; nil where there is none. README.md of the kit says what "verify", "sign",
// "body", "key" and "base64" are given, and what they return.
var operations = map[string]operation{
	"canonicalize": func(text, _, _, _ []byte) ([]byte, error) { return canonicalize(text) },
}
