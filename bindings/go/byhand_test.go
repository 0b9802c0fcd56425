package kess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"unicode/utf16"
)

// What one writes without this package: right for documents of the API, and for no
// others. It returns the text that was signed, and the signature.
func byHand(body []byte) (text []byte, sign string, err error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(body, &values); err != nil {
		return nil, "", err
	}
	// "" where it is no string; the caller's base64 or length is wrong then.
	_ = json.Unmarshal(values["sign"], &sign)
	delete(values, "sign")
	delete(values, "sign_type")
	if len(values) == 0 {
		return []byte("[]"), sign, nil
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var out bytes.Buffer
	out.WriteByte('{')
	for n, key := range keys {
		if n > 0 {
			out.WriteByte(',')
		}
		writeScalar(&out, key)
		out.WriteByte(':')
		if err := writeValue(&out, json.NewDecoder(bytes.NewReader(values[key]))); err != nil {
			return nil, "", err
		}
	}
	out.WriteByte('}')
	return asciiOf(out.String()), sign, nil
}

func asciiOf(text string) []byte {
	text = strings.ReplaceAll(text, "/", `\/`)
	var ascii bytes.Buffer
	for _, unit := range utf16.Encode([]rune(text)) {
		if unit < 0x80 {
			ascii.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&ascii, `\u%04x`, unit)
		}
	}
	return ascii.Bytes()
}

func writeScalar(out *bytes.Buffer, value any) {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.Encode(value)
	out.Truncate(out.Len() - 1) // the line feed
}

// writeValue writes a value; the members of a nested object keep their order.
func writeValue(out *bytes.Buffer, decoder *json.Decoder) error {
	token, err := decoder.Token()
	opened, isOpened := token.(json.Delim)
	if err != nil || !isOpened {
		writeScalar(out, token)
		return err
	}
	if !decoder.More() {
		out.WriteString("[]")
		_, err := decoder.Token()
		return err
	}
	out.WriteString(opened.String())
	for n := 0; decoder.More(); n++ {
		if n > 0 {
			out.WriteByte(',')
		}
		if opened == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			writeScalar(out, key)
			out.WriteByte(':')
		}
		if err := writeValue(out, decoder); err != nil {
			return err
		}
	}
	closed, err := decoder.Token()
	out.WriteString(fmt.Sprint(closed))
	return err
}

func TestByHandIsRightForDocumentsOfTheAPI(t *testing.T) {
	kit := filepath.Join(root, "src", "kesspay", "conformance", "kit", "cases", "document.json")
	data, err := os.ReadFile(kit)
	must(t, err)
	var file struct {
		Cases []struct {
			ID, Level, Text string
			Profile         map[string]any
			Result          struct{ Bytes *string }
		}
	}
	must(t, json.Unmarshal(data, &file))
	count := 0
	for _, c := range file.Cases {
		// A message of the API is an object.
		if c.Level != "api" || len(c.Profile) > 0 || c.Result.Bytes == nil || !strings.HasPrefix(c.Text, "{") {
			continue
		}
		count++
		text, _, err := byHand([]byte(c.Text))
		if err != nil || string(text) != *c.Result.Bytes {
			t.Errorf("%s: %s, %v instead of %s", c.ID, text, err, *c.Result.Bytes)
		}
	}
	if count < 100 {
		t.Errorf("%d cases only", count)
	}
}
