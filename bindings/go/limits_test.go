package kess

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// collect runs the collector, and the finalizers of what it found.
func collect() {
	for i := 0; i < 3; i++ {
		runtime.GC()
		done := make(chan struct{})
		// Its finalizer runs after those of the same round.
		marker := new([16]byte)
		runtime.SetFinalizer(marker, func(*[16]byte) { close(done) })
		marker = nil
		runtime.GC()
		<-done
	}
}

func TestAnOutputThatIsJustTooSmall(t *testing.T) {
	text := []byte(`{"b":1,"a":"` + strings.Repeat("x", 300) + `"}`)
	expected, err := Canonicalize(text)
	must(t, err)
	for missing := 0; missing < 3; missing++ {
		dst := bytes.Repeat([]byte{'#'}, len(expected)-missing)
		found, err := AppendCanonical(dst[:0], text)
		must(t, err)
		if !bytes.Equal(found, expected) {
			t.Errorf("%d bytes less: %q", missing, found)
		}
	}
}

func TestAppendingWritesIntoTheRoomThatIsThere(t *testing.T) {
	text := []byte(`{"b":1,"a":0.1}`)
	const expected = `{"a":0.1,"b":1}`
	for free := 0; free < 300; free++ {
		dst := bytes.Repeat([]byte{'#'}, 10+free)
		found, err := AppendCanonical(dst[:10], text)
		must(t, err)
		if string(found) != "##########"+expected {
			t.Errorf("%d bytes of room: %q", free, found)
		}
		if free >= len(expected) && &found[0] != &dst[0] {
			t.Errorf("%d bytes of room were not used", free)
		}
		before := string(dst)
		found, err = AppendCanonical(dst[:10], []byte(`{"a"`))
		refused(t, err, ErrCanonicalization, "syntax")
		if string(found) != "##########" || string(dst) != before {
			t.Errorf("a refusal changed the bytes to %q, and the room to %q", found, dst)
		}
	}
	// In one memory: the text is read before the result is written.
	long := []byte(`{"d":"` + strings.Repeat("dD", 50) + `","c":{"y":[1,2],"x":"` + strings.Repeat("cC", 50) + `"},"a":"\u00e9"}`)
	want, err := Canonicalize(long)
	must(t, err)
	for shift := 0; shift < 3*len(long); shift++ {
		shared := make([]byte, 8192)
		copy(shared[shift:], long)
		found, err := AppendCanonical(shared[:0], shared[shift:shift+len(long)])
		if err != nil || !bytes.Equal(found, want) {
			t.Fatalf("in one memory, %d bytes on: %q, %v", shift, found, err)
		}
	}
	dst := make([]byte, 0, 4096)
	if count := testing.AllocsPerRun(100, func() { _, _ = AppendCanonical(dst, text) }); count != 0 {
		t.Errorf("%v allocations", count)
	}
}

func TestEmptyInput(t *testing.T) {
	for _, empty := range [][]byte{nil, {}} {
		_, err := Canonicalize(empty)
		refused(t, err, ErrCanonicalization, "syntax")
		_, err = private(t).SignedBody(empty)
		refused(t, err, ErrCanonicalization, "syntax")
		_, err = private(t).SignDocument(empty)
		refused(t, err, ErrCanonicalization, "syntax")
		_, err = public(t).VerifyDocument(empty)
		refused(t, err, ErrDocument, "syntax")
	}
	if verdicts := public(t).VerifyDocuments(nil); len(verdicts) != 0 {
		t.Errorf("%v for no bodies", verdicts)
	}
	found, err := Canonicalize([]byte("{}"))
	must(t, err)
	if string(found) != "[]" {
		t.Errorf("%q", found)
	}
}

func TestNUL(t *testing.T) {
	_, err := Canonicalize([]byte("{\"a\":\"x\x00y\"}"))
	if e := refused(t, err, ErrCanonicalization, "control"); e.Offset != 7 {
		t.Errorf("at %d", e.Offset)
	}
	_, err = Canonicalize([]byte("{}\x00"))
	refused(t, err, ErrCanonicalization, "syntax")
	body, err := private(t).SignedBody([]byte(`{"a":"x\u0000y","\u0000":1}`))
	must(t, err)
	verified, err := public(t).VerifyDocument(body)
	must(t, err)
	if string(verified) != `{"\u0000":1,"a":"x\u0000y"}` {
		t.Errorf("%q", verified)
	}
}

// Sizes around those at which the memory of a request is too small for the form or for
// the body, up to 1 MiB.
func TestLargeDocuments(t *testing.T) {
	const room = 65024
	key, publicKey := private(t), public(t)
	for _, size := range []int{room/6 - 22, room / 6, room - 800, room - 400, room - 16, room - 15, room - 14, room, 1 << 20} {
		text := []byte(`{"b":"` + strings.Repeat("x", size) + `","a":1}`)
		expected := `{"a":1,"b":"` + strings.Repeat("x", size) + `"}`
		found, err := Canonicalize(text)
		must(t, err)
		body, err := key.SignedBody(text)
		must(t, err)
		verified, err := publicKey.VerifyDocument(body)
		must(t, err)
		if string(found) != expected || string(verified) != expected {
			t.Errorf("other bytes for a text of %d", size)
		}
		if cap(found) > 2*len(found) {
			t.Errorf("%d bytes hold %d", len(found), cap(found))
		}
		body[len(body)/2] ^= 1
		_, err = publicKey.VerifyDocument(body)
		refused(t, err, ErrSignature, "mismatch")
	}
}

func TestOptions(t *testing.T) {
	deep := []byte(`{"a":[[1]]}`)
	for depth := 1; depth < 3; depth++ {
		_, err := Canonicalize(deep, Options{MaxDepth: depth})
		refused(t, err, ErrCanonicalization, "depth")
	}
	_, err := Canonicalize(deep, Options{MaxDepth: 3})
	must(t, err)
	for _, options := range [][]Options{{{MaxDepth: -1}}, {{MaxDepth: 513}}, {{MaxDepth: 1 << 32}}, {{Profile: 128}}, {{Profile: Precision17 | Precision100}}, {{}, {}}} {
		found, err := Canonicalize(deep, options...)
		refused(t, err, ErrInput, "argument")
		if found != nil {
			t.Errorf("%v gave %q", options, found)
		}
		_, err = private(t).SignedBody(deep, options...)
		refused(t, err, ErrInput, "argument")
		_, err = public(t).VerifyDocument(deep, options...)
		refused(t, err, ErrInput, "argument")
	}
}

func TestSixteenGoroutinesShareKeys(t *testing.T) {
	key, publicKey := private(t), public(t)
	var group sync.WaitGroup
	failures := make(chan error, 16)
	for worker := 0; worker < 16; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for round := 0; round < 40; round++ {
				text := fmt.Sprintf(`{"worker":%d,"round":%d}`, worker, round)
				body, err := key.SignedBody([]byte(text))
				if err == nil {
					var verified []byte
					verified, err = publicKey.VerifyDocument(body)
					if want := fmt.Sprintf(`{"round":%d,"worker":%d}`, round, worker); err == nil && string(verified) != want {
						err = fmt.Errorf("%q instead of %q", verified, want)
					}
				}
				if err != nil {
					failures <- err
					return
				}
				if _, err := publicKey.VerifyDocument([]byte(text)); err == nil {
					failures <- fmt.Errorf("%s verified without a signature", text)
					return
				}
			}
		}(worker)
	}
	// The collector runs and frees keys all the while.
	for i := 0; i < 20; i++ {
		half, err := key.Public()
		must(t, err)
		_ = half.Bits()
		collect()
	}
	group.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
}

// Nothing but the call refers to the key, and the collector runs all the while.
func TestAKeyLivesUntilItsCallEnds(t *testing.T) {
	body, err := private(t).SignedBody([]byte(parameters))
	must(t, err)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for i := 0; i < 300; i++ {
		found, err := private(t).SignedBody([]byte(parameters))
		must(t, err)
		if !bytes.Equal(found, body) {
			t.Errorf("%q instead of %q", found, body)
		}
		_, err = public(t).VerifyDocument(body)
		must(t, err)
	}
	close(stop)
	<-stopped
}
