//go:build !race && linux

package kess

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
)

// resident is the memory of the process in bytes.
func resident(t *testing.T) int {
	t.Helper()
	collect()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	var size, pages int
	_, err = fmt.Sscan(string(data), &size, &pages)
	must(t, err)
	return pages * os.Getpagesize()
}

// Rounds of what an application does all day. A leak grows in every round: with
// 50,000 verifications, 32 bytes each are 1.6 MB. The heap of Go moves as it
// likes, and malloc takes an arena for a new thread, so the round after the third
// that grows least is judged. With MALLOC_ARENA_MAX=1 the rounds are even.
func TestRoundsDoNotGrow(t *testing.T) {
	privateKey, publicKey := private(t), public(t)
	privatePEM, err := os.ReadFile(keyFile("rsa-2048.pem"))
	must(t, err)
	publicPEM, err := os.ReadFile(keyFile("rsa-2048.pub.pem"))
	must(t, err)
	body, err := privateKey.SignedBody([]byte(`{"a":1,"note":"a note of some length"}`))
	must(t, err)
	least, before := 1<<62, resident(t)
	for round := 1; round <= 7; round++ {
		for i := 0; i < 50000; i++ {
			_, err := publicKey.VerifyDocument(body)
			must(t, err)
		}
		for i := 0; i < 5000; i++ {
			_, err := publicKey.VerifyDocument([]byte(`{"sign":1}`))
			refused(t, err, ErrSignature, "sign_not_string")
		}
		for i := 0; i < 700; i++ {
			_, err := ParsePublicKey(publicPEM, nil)
			must(t, err)
		}
		for i := 0; i < 300; i++ {
			_, err := ParsePrivateKey(privatePEM, nil)
			must(t, err)
			_, err = ParsePrivateKey(publicPEM, nil)
			refused(t, err, ErrKey, "kind")
		}
		now := resident(t)
		t.Logf("round %d: %d bytes more", round, now-before)
		if round > 3 && now-before < least {
			least = now - before
		}
		before = now
	}
	if least >= 1000000 {
		t.Errorf("every round grew by at least %d bytes", least)
	}
}
