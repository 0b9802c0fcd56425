// It asks a right implementation, which speaks the same protocol, through two named pipes.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type operation func(text, key, kind, password []byte) ([]byte, error)

type right struct {
	questions *os.File
	answers   *json.Decoder
}

func (r right) ask(op string, text, key, kind, password []byte) ([]byte, error) {
	question := map[string]interface{}{"id": 1, "op": op, "profile": "", "kind": string(kind), "text": text}
	for name, given := range map[string][]byte{"key": key, "password": password} {
		if len(given) > 0 {
			question[name] = given
		}
	}
	line, _ := json.Marshal(question)
	r.questions.Write(append(line, '\n'))
	var answer struct {
		Bytes   []byte
		Refused *string
	}
	if err := r.answers.Decode(&answer); err != nil {
		panic(err)
	}
	if answer.Refused != nil {
		return nil, fmt.Errorf("%s", *answer.Refused)
	}
	if os.Getenv("KESS_BROKEN") != "" {
		return bytes.ReplaceAll(answer.Bytes, []byte(`\/`), []byte("/")), nil
	}
	return answer.Bytes, nil
}

var operations = func() map[string]operation {
	folder := os.Getenv("KESS_RIGHT")
	questions, _ := os.OpenFile(folder+"/in", os.O_WRONLY, 0)
	answers, _ := os.Open(folder + "/out")
	r := right{questions, json.NewDecoder(answers)}
	all := map[string]operation{}
	for _, op := range strings.Split(os.Getenv("KESS_OPS"), ",") {
		op := op
		all[op] = func(text, key, kind, password []byte) ([]byte, error) {
			return r.ask(op, text, key, kind, password)
		}
	}
	return all
}()
