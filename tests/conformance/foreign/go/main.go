// Programs as they are written in Go, in one binary: the first argument picks one.
// They speak the protocol of the conformance kit.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

type operation func(text, key []byte) ([]byte, error)

var programs = map[string]map[string]operation{
	"marshal":         {"canonicalize": marshal},
	"marshal_no_html": {"canonicalize": marshalNoHTML},
	"verify_std":      {"verify": verifyStd},
}

func main() {
	name := os.Args[1]
	operations := programs[name]
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var request struct {
			Op, Text, Key string
			ID            int
		}
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if request.Op == "hello" {
			ops := []string{}
			for op := range operations {
				ops = append(ops, op)
			}
			out.Encode(map[string]any{
				"protocol": 1, "name": name, "version": "1",
				"language": runtime.Version(), "ops": ops, "profiles": []string{},
			})
			continue
		}
		run, known := operations[request.Op]
		answer := map[string]any{"id": request.ID}
		if !known {
			answer["unsupported"] = "no such operation"
		} else {
			text, _ := base64.StdEncoding.DecodeString(request.Text)
			key, _ := base64.StdEncoding.DecodeString(request.Key)
			if made, err := run(text, key); err != nil {
				answer["refused"] = err.Error()
			} else {
				answer["bytes"] = base64.StdEncoding.EncodeToString(made)
			}
		}
		out.Encode(answer)
	}
}
