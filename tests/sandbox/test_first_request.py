"""Programmers of other languages need nothing but the answers of the sandbox."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.sandbox import Sandbox
from tests.conftest import is_set, missing
from tests.sandbox.parties import KEYS, load


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


#: A whole program: it logs in, signs and sends. WRITE makes the text to sign.
NODE: Final = r"""
const crypto = require("crypto");
const settings = JSON.parse(require("fs").readFileSync(0));

const write = WRITE;

(async () => {
  const json = { "Content-Type": "application/json" };
  const login = await fetch(settings.base_url + "/token", {
    method: "POST",
    headers: {
      ...json,
      "partner-id": settings.partner_id,
      "partner-secret-key": settings.partner_secret_key,
    },
    body: JSON.stringify({
      user_name: settings.user_name,
      password: settings.password,
    }),
  });
  const { access_token } = await login.json();
  const params = {
    service: "create.unified.fundTransfer",
    out_trade_no: "order/1",
    receiver_id: "85512345678",
    sender_name: "ចាន់ & សុភា",
    amount: 0.5,
    currency: "USD",
  };
  const signature = crypto.sign("sha256", Buffer.from(write(params)), settings.key);
  const answer = await fetch(settings.base_url + "/gateway", {
    method: "POST",
    headers: { ...json, Authorization: `Bearer ${access_token}` },
    body: JSON.stringify({ ...params, sign: signature.toString("base64") }),
  });
  console.log(JSON.stringify(await answer.json()));
})();
"""
#: How it is corrected, a rule at a time: what is written, and the rules that are named.
NODE_STEPS: Final[tuple[tuple[str, list[str]], ...]] = (
    (
        "(p) => JSON.stringify(p)",
        ["sign.text", "sort.bytes", "write.slash", "write.unicode"],
    ),
    (
        "(p) => JSON.stringify(p, Object.keys(p).sort())",
        ["write.slash", "write.unicode"],
    ),
    (
        r'(p) => JSON.stringify(p, Object.keys(p).sort()).replaceAll("/", "\\/")',
        ["write.unicode"],
    ),
    (
        r"""(p) => JSON.stringify(p, Object.keys(p).sort()).replaceAll("/", "\\/")
            .replace(/[\u0080-\uffff]/g, (c) =>
              "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"))""",
        [],
    ),
)

GO: Final = r"""
package main

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"unicode/utf16"
)

func write(step string, params map[string]any) string {
	if step == "0" {
		text, _ := json.Marshal(params)
		return string(text)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.Encode(params)
	text := out.String()
	if step == "1" {
		return text
	}
	text = strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "/", `\/`)
	if step == "2" {
		return text
	}
	var ascii strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if unit < 0x80 {
			ascii.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&ascii, `\u%04x`, unit)
		}
	}
	return ascii.String()
}

func post(url string, headers map[string]string, body any) []byte {
	text, _ := json.Marshal(body)
	request, _ := http.NewRequest("POST", url, bytes.NewReader(text))
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	content, _ := io.ReadAll(answer.Body)
	return content
}

func main() {
	var settings map[string]string
	json.NewDecoder(os.Stdin).Decode(&settings)
	var login struct {
		Token string `json:"access_token"`
	}
	json.Unmarshal(post(settings["base_url"]+"/token", map[string]string{
		"partner-id":         settings["partner_id"],
		"partner-secret-key": settings["partner_secret_key"],
	}, map[string]string{
		"user_name": settings["user_name"], "password": settings["password"],
	}), &login)
	params := map[string]any{
		"service": "create.unified.fundTransfer", "out_trade_no": "order/1",
		"receiver_id": "85512345678", "sender_name": "ចាន់ & សុភា",
		"amount": 0.5, "currency": "USD",
	}
	block, _ := pem.Decode([]byte(settings["key"]))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	digest := sha256.Sum256([]byte(write(os.Args[1], params)))
	private := key.(*rsa.PrivateKey)
	signature, _ := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	params["sign"] = base64.StdEncoding.EncodeToString(signature)
	answer := post(settings["base_url"]+"/gateway", map[string]string{
		"Authorization": "Bearer " + login.Token,
	}, params)
	os.Stdout.Write(answer)
}
"""
GO_STEPS: Final[tuple[list[str], ...]] = (
    ["write.html", "write.slash", "write.unicode"],
    ["plain.bare", "write.slash", "write.unicode"],
    ["write.unicode"],
    [],
)


@pytest.fixture
def settings() -> Iterator[dict[str, str]]:
    """Serve a sandbox; give what a program gets from its settings."""
    with Sandbox(
        private_key=load("rsa-2048.pem"), gateway_private_key=load("other-2048.pem")
    ) as served:
        credentials = served.settings["credentials"]
        yield {
            "base_url": served.settings["base_url"],
            "partner_id": credentials.partner_id,
            "partner_secret_key": credentials.partner_secret_key,
            "user_name": credentials.user_name,
            "password": credentials.password,
            "key": (KEYS / "rsa-2048.pem").read_text(),
        }


def asked(command: list[str], settings: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Run a program, and return what the sandbox answered to it."""
    ran = subprocess.run(
        command,
        input=json.dumps(settings).encode(),
        capture_output=True,
        check=True,
        timeout=120,
    )
    return json.loads(ran.stdout)


def rules(answer: dict[str, str]) -> list[str]:
    """Return the rules that an answer names, sorted."""
    parts = answer["error_desc"].split(" | ")
    return sorted({part.partition(": ")[0] for part in parts if " -> " in part})


@pytest.mark.thorough
def test_a_programmer_of_node(settings: dict[str, str]) -> None:
    """Each answer names what is to be corrected, until the transfer is made."""
    node = shutil.which("node")
    if node is None:
        missing("Node is not installed", "KESSPAY_REQUIRE_NODE")
    for write, wanted in NODE_STEPS:
        answer = asked([node, "-e", NODE.replace("WRITE", write)], settings)
        if wanted:
            assert rules(answer) == wanted
            assert "the text to sign: {" in answer["error_desc"]
            assert "Go: " not in answer["error_desc"]
        else:
            assert answer["data"]["receiver_name"] == "Sok Dara"


@pytest.mark.exhaustive
def test_a_programmer_of_go(settings: dict[str, str], tmp_path: Path) -> None:
    """So it is in Go, whose answers hold the advice for Go."""
    go = shutil.which("go")
    if go is None:
        assert not is_set("KESSPAY_REQUIRE_LANGUAGES"), "Go is not installed"
        return
    (tmp_path / "main.go").write_text(GO, encoding="utf-8")
    binary = str(tmp_path / "first")
    subprocess.run(
        [go, "build", "-o", binary, str(tmp_path / "main.go")], check=True, timeout=600
    )
    for step, wanted in enumerate(GO_STEPS):
        answer = asked([binary, str(step)], settings)
        if wanted:
            assert rules(answer) == wanted
            assert "Node: " not in answer["error_desc"]
        else:
            assert answer["data"]["receiver_name"] == "Sok Dara"
    assert "(Go: " in json.dumps(asked([binary, "0"], settings))
