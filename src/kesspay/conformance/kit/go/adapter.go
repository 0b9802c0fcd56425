// Asks your code what the conformance kit wants to know:
//
//	kesspay conformance run -- go run adapter.go kess.go
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

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
	run, ok := operations[q.Op]
	if !ok {
		reply["unsupported"] = "this operation"
		return reply
	}
	out, err := run(q.Text, q.Key, []byte(q.Kind), q.Password)
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
