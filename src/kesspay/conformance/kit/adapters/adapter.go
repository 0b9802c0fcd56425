// Asks your Go code what the conformance kit wants to know:
//
//	kesspay conformance run -- go run adapter.go
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// ---- your code: replace the body of canonicalize() ----------------------------------

// canonicalize returns the canonical form of a JSON text: what is signed. An error
// says that your code refuses the input. A panic is an error, which blames no rule.
func canonicalize(text []byte) ([]byte, error) {
	var data map[string]interface{}
	if err := json.Unmarshal(text, &data); err != nil {
		return nil, err
	}
	delete(data, "sign_type")
	delete(data, "sign")
	return json.Marshal(data)
}

// Other operations: "verify" gets text and key, "sign" and "body" too; "key" gets kind,
// text and password; "base64" gets text. README.md of the kit says what each returns.
var operations = map[string]func(in map[string][]byte) ([]byte, error){
	"canonicalize": func(in map[string][]byte) ([]byte, error) { return canonicalize(in["text"]) },
}

// ---- end of your code ---------------------------------------------------------------

type question struct {
	ID                  int
	Op, Kind            string
	Text, Key, Password []byte // encoding/json reads []byte from base64
}

func answer(q question) (reply map[string]interface{}) {
	reply = map[string]interface{}{"id": q.ID}
	defer func() {
		if problem := recover(); problem != nil {
			reply = map[string]interface{}{"id": q.ID, "error": fmt.Sprint(problem)}
		}
	}()
	if q.Op == "hello" {
		names := []string{}
		for name := range operations {
			names = append(names, name)
		}
		return map[string]interface{}{"protocol": 1, "name": "my-kess", "version": "1",
			"language": runtime.Version(), "ops": names, "profiles": []string{}}
	}
	operation, ok := operations[q.Op]
	if !ok {
		reply["unsupported"] = "this operation"
		return reply
	}
	in := map[string][]byte{"text": q.Text, "key": q.Key, "kind": []byte(q.Kind), "password": q.Password}
	out, err := operation(in)
	if err != nil {
		reply["refused"] = err.Error()
		return reply
	}
	if out == nil {
		out = []byte{}
	}
	reply["bytes"] = out // encoding/json writes []byte in base64
	return reply
}

func main() {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for {
		var q question
		if questions.Decode(&q) != nil {
			return
		}
		if answers.Encode(answer(q)) != nil {
			return
		}
	}
}
