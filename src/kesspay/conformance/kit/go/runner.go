// Asks your code the cases of the conformance kit, without Python:
//
//	go run runner.go kess.go <cases/api.tsv
package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	table, _ := io.ReadAll(os.Stdin)
	asked, broken := 0, map[string]bool{}
	for _, line := range strings.Split(string(table), "\n") {
		one := strings.Split(line, "\t") // op, text, key, kind, password, result, rule ...
		run := operations[one[0]]
		if run == nil {
			continue
		}
		asked++
		var in [5][]byte
		for at := range in {
			in[at], _ = base64.StdEncoding.DecodeString(one[1+at]) // "-" is none
		}
		out, refusal := run(in[0], in[1], in[2], in[3])
		isRight := string(out) == string(in[4]) && (refusal != nil) == (one[5] == "-")
		if !isRight && !broken[one[6]] {
			broken[one[6]] = true
			fmt.Printf("%s\n  %s\n    expected  %s\n", one[7], one[8], one[9])
			fmt.Printf("    actual    %#.300q, %v\n  %s\n", out, refusal, one[12])
		}
	}
	fmt.Printf("%d cases asked, %d rules broken\n", asked, len(broken))
	if asked == 0 || len(broken) > 0 {
		os.Exit(1)
	}
}
