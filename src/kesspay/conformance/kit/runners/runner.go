// Asks your adapter every case of the conformance kit, without Python:
//
//	go run runner.go [KIT [LEVEL [COMMAND...]]]
//
// KIT: the folder of KIT.json. LEVEL: api, any-document or hostile. COMMAND: what starts
// the adapter; without it, adapters/adapter.go of the kit.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

type answer struct {
	Ops                       []string
	Bytes, Unsupported, Error *string
}

func shown(text string) string {
	return regexp.MustCompile("[^ -~]").ReplaceAllStringFunc(text, func(other string) string {
		return strings.ReplaceAll(fmt.Sprintf(" % x", other), " ", "\\x")
	})
}

// decoded returns what a field holds; "-" is a refusal.
func decoded(field string) string {
	text, _ := base64.StdEncoding.DecodeString(field)
	return map[bool]string{true: "a refusal", false: fmt.Sprintf("%.300s", text)}[field == "-"]
}

func main() {
	arguments := []string{".", "hostile"}
	copy(arguments, os.Args[1:])
	command := []string{"go", "run", filepath.Join(arguments[0], "adapters", "adapter.go")}
	if len(os.Args) > 3 {
		command = os.Args[3:]
	}
	adapter := exec.Command(command[0], command[1:]...)
	adapter.Stderr = os.Stderr
	in, _ := adapter.StdinPipe()
	out, _ := adapter.StdoutPipe()
	if problem := adapter.Start(); problem != nil {
		log.Fatal(problem)
	}
	questions, answers := json.NewEncoder(in), json.NewDecoder(out)
	ask := func(question map[string]interface{}) (reply answer) {
		questions.Encode(question)
		if problem := answers.Decode(&reply); problem != nil {
			log.Fatal("the adapter gives no answer: ", problem)
		}
		return reply
	}
	// A body has more than one right answer, which `kesspay conformance run` can judge.
	operations := strings.Join(ask(map[string]interface{}{"op": "hello", "protocol": 1, "kit": "1"}).Ops, " ")
	levels := map[string]int{"api": 1, "any-document": 2, "hostile": 3}
	passed, failed, skipped, broken := 0, 0, 0, map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(arguments[0], "cases", "*.tsv"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		for _, line := range lines[1:] {
			one, question := map[string]string{}, map[string]interface{}{"id": 1, "profile": ""}
			for at, name := range strings.Split(lines[0], "\t") {
				one[name] = strings.Split(line, "\t")[at]
				if strings.Contains(" op kind key text password ", " "+name+" ") && one[name] != "-" {
					question[name] = one[name]
				}
			}
			if one["op"] == "body" || !strings.Contains(" "+operations+" ", " "+one["op"]+" ") || one["profile"] != "-" || levels[one["level"]] > levels[arguments[1]] {
				skipped++
				continue
			}
			reply, actual := ask(question), "-"
			if reply.Bytes != nil {
				actual = *reply.Bytes
			}
			if reply.Unsupported != nil {
				skipped++
			} else if reply.Error == nil && actual == one["result"] {
				passed++
			} else {
				failed++
				words := decoded(actual)
				if reply.Error != nil {
					words = "error: " + *reply.Error
				}
				if !broken[one["rule"]] {
					fmt.Printf("%s  %s (%s)\n  %s  %s\n    expected  %s\n    actual    %s\n  %s%s\n", one["rule"], one["title"], one["level"],
						one["id"], shown(decoded(one["text"])), shown(decoded(one["result"])), shown(words), one["Go"], one["doc"])
				}
				broken[one["rule"]] = true
			}
		}
	}
	fmt.Printf("%d passed, %d failed in %d rules, %d not run\n", passed, failed, len(broken), skipped)
	if failed > 0 || passed == 0 {
		os.Exit(map[bool]int{true: 1, false: 2}[failed > 0])
	}
}
