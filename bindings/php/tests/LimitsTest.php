<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\Exception\CanonicalizationError;
use Kess\Exception\DocumentRefused;
use Kess\Exception\InputError;
use Kess\Exception\InvalidSignature;
use Kess\Library;
use Kess\Profile;
use Kess\Signer;
use Kess\Verifier;
use PHPUnit\Framework\TestCase;

use function Kess\canonicalize;

/** Sizes, odd inputs, settings of PHP, processes, signals and memory. */
final class LimitsTest extends TestCase
{
    /** What needs a byte more or less than the room that is kept. */
    public function testAnOutputThatIsJustTooSmall(): void
    {
        foreach ([65535, 65536, 65537] as $size) {
            $text = '{"a":"' . str_repeat('x', $size - 8) . '"}';
            self::assertSame($text, canonicalize($text));
            self::assertSame($text, Support::public()->verifyDocument(Support::private()->signedBody($text)));
            $longer = \strlen(Support::private()->signedBody($text)) - $size;
            $text = '{"a":"' . str_repeat('x', $size - 8 - $longer) . '"}';
            self::assertSame($text, Support::public()->verifyDocument(Support::private()->signedBody($text)));
        }
        self::assertSame('{"a":1}', canonicalize('{"a":1}'));
    }

    /** Two calls: the first signs nothing and says what the second needs. */
    public function testRoomIsAskedForBeforeAnythingIsSigned(): void
    {
        $ffi = Library::get();
        $private = Support::private();
        $key = (fn () => $this->key)->call($private);
        $memory = $ffi->new('kess_request[1]');
        [$memory[0]->operation, $memory[0]->room] = [$ffi->KESS_DO_SIGNED_BODY, 512];
        self::assertNull($ffi->kess_run($memory, $key, '{"a":1}', 7));
        self::assertSame($ffi->KESS_ERR_BUFFER, $memory[0]->status);
        self::assertSame(str_repeat("\0", 4096), \FFI::string($memory[0]->out, 4096));
        $expected = $private->signedBody('{"a":1}');
        self::assertSame($expected, Library::failed($memory, $key, '{"a":1}'));
        $memory[0]->room = $memory[0]->len;
        self::assertSame($expected, $ffi->kess_run($memory, $key, '{"a":1}', 7));
    }

    /** With little room as well, a body that is not authentic is refused. */
    public function testALongBodyIsRefused(): void
    {
        $body = Support::private()->signedBody(['a' => str_repeat('x', 100000)]);
        self::assertSame('mismatch', $this->refused(InvalidSignature::class, str_replace('xxx', 'xyx', $body))->reason());
        self::assertSame('syntax', $this->refused(DocumentRefused::class, "$body ]")->reason());
        self::assertSame('[]', canonicalize('{}'));
    }

    public function testWhatGrowsMost(): void
    {
        foreach ([[0.1], array_fill(0, 2047, 0.1), array_fill(0, 20000, 0.1)] as $numbers) {
            $text = json_encode(['a' => $numbers]);
            $seventeen = new Profile(17);
            $body = Support::private()->signedBody($text, $seventeen);
            self::assertSame(str_replace('0.1', '0.10000000000000001', $text), Support::public()->verifyDocument($body, $seventeen));
        }
    }

    public function testLongDocuments(): void
    {
        foreach ([0, 1, 4095, 10000, 10922, 65535, 65536, 1 << 20, 3 << 20] as $size) {
            $text = '{"a":"' . str_repeat('é', intdiv($size, 2)) . '"}';
            $expected = json_encode(json_decode($text, true));
            self::assertSame($expected, canonicalize($text));
            $body = Support::private()->signedBody($text);
            self::assertSame($expected, Support::public()->verifyDocument($body));
        }
    }

    public function testEmptyAndNul(): void
    {
        foreach (['', "\0", "{}\0", "\0{}", '{"a":"' . "\0" . '"}'] as $text) {
            try {
                canonicalize($text);
                self::fail('a text was accepted');
            } catch (CanonicalizationError $error) {
                self::assertContains($error->reason(), ['syntax', 'control']);
                self::assertIsInt($error->position());
            }
            $this->refused(DocumentRefused::class, $text);
        }
        self::assertSame('{"a":"\u0000b"}', canonicalize(['a' => "\0b"]));
    }

    private function refused(string $class, string $body): InvalidSignature
    {
        try {
            Support::public()->verifyDocument($body);
        } catch (InvalidSignature $refusal) {
            self::assertInstanceOf($class, $refusal);

            return $refusal;
        }
        self::fail('a body was accepted');
    }

    public function testRefusalsHaveTheirWords(): void
    {
        $body = Support::private()->signedBody(['amount' => 0.5]);
        $refusal = $this->refused(InvalidSignature::class, str_replace('0.5', '500', $body));
        self::assertSame(['mismatch', 'KESS_ERR_SIGNATURE', 400, null], [$refusal->reason(), $refusal->code(), $refusal->getCode(), $refusal->position()]);
        $refusal = $this->refused(DocumentRefused::class, '{"amount":1,' . substr($body, 1));
        self::assertSame(['duplicate', 12], [$refusal->reason(), $refusal->position()]);
        self::assertSame('sign_missing', $this->refused(InvalidSignature::class, '{}')->reason());
        foreach (['not_object' => [1, 2], 'sign_present' => ['sign' => 'x']] as $reason => $parameters) {
            try {
                Support::private()->signedBody($parameters);
                self::fail('it was signed');
            } catch (CanonicalizationError $error) {
                self::assertSame($reason, $error->reason());
            }
        }
    }

    public function testBatches(): void
    {
        $signer = new Signer(Support::private(), new Profile(unescapedSlashes: true));
        $verifier = new Verifier(Support::public(), new Profile(unescapedSlashes: true));
        $body = $signer->signedBody(['a' => 'b/c']);
        $verdicts = $verifier->verifyDocuments(['good' => $body, 'bad' => "$body ]", 'other' => str_replace('b', 'x', $body)]);
        self::assertSame(['good', 'bad', 'other'], array_keys($verdicts));
        self::assertSame('{"a":"b/c"}', $verdicts['good']);
        self::assertInstanceOf(DocumentRefused::class, $verdicts['bad']);
        self::assertInstanceOf(InvalidSignature::class, $verdicts['other']);
        self::assertSame([], $verifier->verifyDocuments([]));
    }

    public function testProfiles(): void
    {
        self::assertSame('{"a":"b/c"}', canonicalize(['a' => 'b/c'], unserialize(serialize(new Profile(unescapedSlashes: true)))));
        foreach ([[16], [-1, false, false, '9']] as $settings) {
            try {
                new Profile(...$settings);
                self::fail('it is a profile');
            } catch (InputError $error) {
                self::assertSame('argument', $error->reason());
            }
        }
    }

    public function testArraysThatPhpCannotEncode(): void
    {
        $deep = [];
        for ($i = 0; $i < 600; ++$i) {
            $deep = [$deep];
        }
        $recursive = [];
        $recursive['a'] = &$recursive;
        $cases = [
            'utf8' => ["\xff"],
            'infinite' => [\INF],
            'depth' => $deep,
            'argument' => [fopen('php://memory', 'r')],
        ];
        foreach ($cases as $reason => $value) {
            try {
                Support::private()->signedBody(['a' => $value]);
                self::fail('it was signed');
            } catch (InputError $error) {
                self::assertSame($reason, $error->reason());
            }
        }
        $this->expectException(InputError::class);
        canonicalize($recursive);
    }

    public function testSettingsThatLoseDigits(): void
    {
        $before = ini_get('serialize_precision');
        try {
            foreach (['-1', '17', '100'] as $precision) {
                ini_set('serialize_precision', $precision);
                self::assertSame('{"a":0.30000000000000004}', canonicalize(['a' => 0.1 + 0.2]));
            }
            foreach (['0', '14', '16', '99', '-2'] as $precision) {
                if (ini_set('serialize_precision', $precision) === false) {
                    continue;
                }
                try {
                    Support::private()->signedBody(['a' => 0.1 + 0.2]);
                    self::fail("serialize_precision=$precision");
                } catch (InputError $error) {
                    self::assertStringContainsString('serialize_precision', $error->getMessage());
                }
                self::assertSame('{"a":0.5}', canonicalize('{"a":0.5}'));
            }
        } finally {
            ini_set('serialize_precision', $before);
        }
    }

    public function testTwentyForks(): void
    {
        $private = Support::private();
        $public = Support::public();
        $body = $private->signedBody(['a' => 1]);
        $children = [];
        for ($i = 0; $i < 20; ++$i) {
            $child = pcntl_fork();
            if ($child === 0) {
                $isRight = true;
                for ($round = 0; $round < 20; ++$round) {
                    $isRight = $isRight && $private->signedBody(['a' => 1]) === $body && $public->verifyDocument($body) === '{"a":1}';
                }
                unset($private, $public);
                // Without the handlers of PHPUnit, which would report twice.
                posix_kill(posix_getpid(), $isRight ? \SIGKILL : \SIGABRT);
            }
            $children[] = $child;
        }
        foreach ($children as $child) {
            pcntl_waitpid($child, $status);
            self::assertTrue(pcntl_wifsignaled($status));
            self::assertSame(\SIGKILL, pcntl_wtermsig($status));
        }
        self::assertSame('{"a":1}', $public->verifyDocument($body));
    }

    public function testACallWithinACall(): void
    {
        $kept = new \ReflectionProperty(Library::class, 'kept');
        $kept->setAccessible(true);
        canonicalize('{}');
        $room = $kept->getValue();
        // As in a handler of a signal, while a call uses what is kept.
        $kept->setValue(null, null);
        self::assertSame('{"other":[1,2,3]}', canonicalize('{"other":[1,2,3]}'));
        self::assertNotSame($room[0], $kept->getValue()[0]);
        self::assertSame('[]', \FFI::string($room[1]->out));
        try {
            canonicalize('{');
            self::fail('a failure was returned');
        } catch (CanonicalizationError) {
            self::assertIsArray($kept->getValue());
        }
    }

    public function testHandlersOfSignalsThatCallTheLibrary(): void
    {
        $calls = 0;
        $isRight = true;
        $parent = posix_getpid();
        pcntl_async_signals(true);
        pcntl_signal(\SIGUSR1, static function () use (&$calls, &$isRight): void {
            ++$calls;
            $isRight = $isRight && canonicalize('{"of":"the handler"}') === '{"of":"the handler"}';
        });
        $child = pcntl_fork();
        if ($child === 0) {
            while (posix_getppid() === $parent) {
                posix_kill($parent, \SIGUSR1);
                usleep(50);
            }
            posix_kill(posix_getpid(), \SIGKILL);
        }
        try {
            while ($calls < 200 && $isRight) {
                $isRight = canonicalize('{"b":1,"a":2}') === '{"a":2,"b":1}';
            }
        } finally {
            posix_kill($child, \SIGKILL);
            pcntl_waitpid($child, $status);
            pcntl_signal(\SIGUSR1, \SIG_DFL);
            pcntl_async_signals(false);
        }
        self::assertTrue($isRight);
    }

    public function testNoLeaks(): void
    {
        $public = Support::public();
        $body = Support::private()->signedBody(['amount' => 0.5]);
        $wrong = str_replace('0.5', '500', $body);
        $pem = file_get_contents(Support::keyFile('rsa-2048.pub.pem'));
        $secret = file_get_contents(Support::keyFile('rsa-2048.pem'));
        $sizes = [];
        for ($round = 0; $round < 5; ++$round) {
            for ($i = 0; $i < 50000; ++$i) {
                $public->verifyDocument($body);
            }
            for ($i = 0; $i < 5000; ++$i) {
                try {
                    $public->verifyDocument($wrong);
                } catch (InvalidSignature) {
                }
            }
            for ($i = 0; $i < 500; ++$i) {
                \Kess\PublicKey::fromPem($pem);
                \Kess\PrivateKey::fromPem($secret);
            }
            gc_collect_cycles();
            $sizes[] = (int) explode(' ', file_get_contents('/proc/self/statm'))[1] * 4096;
        }
        self::assertLessThan(1 << 20, $sizes[4] - $sizes[2]);
    }
}
