// Runs the conformance kit on your Go code, without Python:
//
//	go run runner.go [KIT [LEVEL]]     KIT: the folder of KIT.json; LEVEL: api, any-document or hostile
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

type rule struct {
	ID, Title, Doc, Level string
	Hints                 map[string]string
}

type conformanceCase struct {
	ID, Rule, Level, Kind string
	Profile               map[string]interface{}
	Text                  []byte `json:"text_base64"`
	Key                   []byte `json:"key_base64"`
	Password              []byte `json:"password_base64"`
	Result                struct {
		Refused *string
		Bytes   []byte `json:"bytes_base64"`
	}
}

func read(path string, into interface{}) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func shown(text []byte, refused bool) string {
	if refused {
		return "a refusal"
	}
	if len(text) > 300 {
		text = text[:300]
	}
	out := ""
	for _, one := range text {
		if one >= ' ' && one <= '~' {
			out += string(rune(one))
		} else {
			out += fmt.Sprintf("\\x%02x", one)
		}
	}
	return out
}

// ask runs the operation. What panics fails the case as well.
func ask(operation func(map[string][]byte) ([]byte, error), in map[string][]byte) (out []byte, refused bool) {
	defer func() {
		if problem := recover(); problem != nil {
			out, refused = []byte(fmt.Sprint("error: ", problem)), false
		}
	}()
	out, err := operation(in)
	return out, err != nil
}

func main() {
	kit, most := ".", "hostile"
	if len(os.Args) > 1 {
		kit = os.Args[1]
	}
	if len(os.Args) > 2 {
		most = os.Args[2]
	}
	levels := map[string]int{"api": 1, "any-document": 2, "hostile": 3}
	passed, failed, skipped := 0, 0, 0
	failures := map[string][]string{}
	files, _ := filepath.Glob(filepath.Join(kit, "cases", "*.json"))
	for _, file := range files {
		var area struct {
			Op    string
			Cases []conformanceCase
		}
		read(file, &area)
		for _, one := range area.Cases {
			operation := operations[area.Op]
			if operation == nil || len(one.Profile) > 0 || levels[one.Level] > levels[most] {
				skipped++
				continue
			}
			in := map[string][]byte{"text": one.Text, "key": one.Key, "kind": []byte(one.Kind), "password": one.Password}
			actual, refused := ask(operation, in)
			expectRefusal := one.Result.Refused != nil
			if refused == expectRefusal && (refused || bytes.Equal(actual, one.Result.Bytes)) {
				passed++
				continue
			}
			failed++
			failures[one.Rule] = append(failures[one.Rule], fmt.Sprintf("%s  %s\n    expected  %s\n    actual    %s",
				one.ID, shown(one.Text, false), shown(one.Result.Bytes, expectRefusal), shown(actual, refused)))
		}
	}
	var book struct{ Rules []rule }
	read(filepath.Join(kit, "rules.json"), &book)
	for _, one := range book.Rules {
		if cases := failures[one.ID]; cases != nil {
			fmt.Printf("%s  %s (%s, %d failed)\n  %s\n", one.ID, one.Title, one.Level, len(cases), cases[0])
			if hint := one.Hints["Go"]; hint != "" {
				fmt.Println("  " + hint)
			}
			fmt.Println("  " + one.Doc)
		}
	}
	fmt.Printf("%d passed, %d failed in %d rules, %d not run\n", passed, failed, len(failures), skipped)
	switch {
	case failed > 0:
		os.Exit(1)
	case passed == 0:
		os.Exit(2)
	}
}
