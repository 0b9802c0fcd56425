<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\Exception\CanonicalizationError;
use Kess\Exception\InvalidSignature;
use Kess\Profile;
use Kess\Verifier;
use PHPUnit\Framework\TestCase;

use function Kess\canonicalize;

/** What PHP and OpenSSL answered, stored: not one difference. */
final class VectorsTest extends TestCase
{
    private function answer(string $document, ?Profile $profile = null): ?string
    {
        try {
            return canonicalize($document, $profile);
        } catch (CanonicalizationError) {
            return null;
        }
    }

    public function testEveryDocument(): void
    {
        $count = 0;
        foreach (['canonical', 'ksort'] as $name) {
            foreach (Support::rows($name) as $row) {
                $document = Support::bytes($row, 'document');
                self::assertSame($row['ok'] ?? null, $this->answer($document), $document);
                ++$count;
            }
        }
        self::assertSame(13017, $count);
    }

    public function testEveryProfile(): void
    {
        $count = 0;
        foreach (['profiles', 'ksort_old'] as $name) {
            foreach (Support::rows($name) as $row) {
                $document = Support::bytes($row, 'document');
                foreach ($row['answers'] as $answer) {
                    $letters = $answer['settings'];
                    $has = static fn (string $letter): bool => str_contains($letters, $letter);
                    $profile = new Profile($has('p') ? 17 : ($has('h') ? 100 : -1), $has('s'), $has('u'), $has('8') ? '8.0' : ($has('7') ? '7' : '8.2'), $has('z'));
                    self::assertSame($answer['ok'] ?? null, $this->answer($document, $profile), "$letters $document");
                    ++$count;
                }
            }
        }
        self::assertGreaterThan(7000, $count);
    }

    public function testEveryArray(): void
    {
        require_once Support::ROOT . '/tests/php/tree.php';
        $count = 0;
        foreach (Support::rows('parameters') as $row) {
            if (($row['settings'] ?? '') !== '') {
                continue;
            }
            $tree = Support::bytes($row, 'tree');
            // What cannot be encoded is refused in "sign" as well, which PHP removes before.
            $expected = ($row['removed_fails'] ?? false) ? null : $row['ok'] ?? null;
            try {
                $found = canonicalize(\tree_read($tree));
            } catch (CanonicalizationError) {
                $found = null;
            }
            self::assertSame($expected, $found, $tree);
            ++$count;
        }
        self::assertGreaterThan(1000, $count);
    }

    public function testEverySignature(): void
    {
        $count = ['valid' => 0, 'wrong' => 0];
        foreach (Support::rows('signatures') as $row) {
            $key = Support::public($row['key']);
            $body = Support::bytes($row, 'body');
            if (!$row['valid']) {
                try {
                    $key->verifyDocument($body);
                    self::fail($row['why']);
                } catch (InvalidSignature $refusal) {
                    self::assertNotSame('', $refusal->reason());
                }
                ++$count['wrong'];
                continue;
            }
            self::assertSame($row['canonical'], (new Verifier($key))->verifyDocument($body));
            $document = Support::bytes($row, 'document');
            self::assertSame($row['sign'], Support::private($row['key'])->signDocument($document));
            ++$count['valid'];
        }
        self::assertSame(['valid' => 72, 'wrong' => 51], $count);
    }

    public function testBodiesAreWhatOpensslSigns(): void
    {
        $parameters = ['service' => 'create.unified.fundTransfer', 'amount' => 0.1 + 0.2, 'name' => 'សុខ / Sok'];
        $body = Support::private()->signedBody($parameters);
        $sent = json_decode($body, true);
        $sign = base64_decode($sent['sign'], true);
        unset($sent['sign'], $sent['sign_type']);
        ksort($sent);
        $canonical = json_encode($sent);
        $public = file_get_contents(Support::keyFile('rsa-2048.pub.pem'));
        self::assertSame(1, openssl_verify($canonical, $sign, $public, \OPENSSL_ALGO_SHA256));
        self::assertSame($canonical, Support::public()->verifyDocument($body));
        self::assertSame($canonical, Support::private()->publicKey()->verifyDocument($body));
    }

    public function testPythonAgrees(): void
    {
        $python = getenv('KESSPAY_PYTHON');
        if ($python === false || !is_executable($python)) {
            if (getenv('KESSPAY_REQUIRE_LANGUAGES') === '1') {
                self::fail('KESSPAY_PYTHON names no Python with kesspay');
            }
            self::markTestSkipped('KESSPAY_PYTHON names no Python with kesspay');
        }
        $parameters = ['amount' => 12.5, 'name' => 'សុខ', 'note' => "a/b\0"];
        $program = <<<'PYTHON'
import sys
from kesspay import PrivateKey, PublicKey, signed_body, verify_document
body = sys.stdin.buffer.read()
verify_document(PublicKey.from_file(sys.argv[2]), body)
parameters = {"amount": 12.5, "name": "\u179f\u17bb\u1781", "note": "a/b\0"}
print(signed_body(PrivateKey.from_file(sys.argv[1]), parameters).decode(), end="")
PYTHON;
        $body = Support::private()->signedBody($parameters);
        [$code, $output] = Support::run([$python, '-W', 'ignore', '-c', $program, Support::keyFile('rsa-2048.pem'), Support::keyFile('rsa-2048.pub.pem')], [], $body);
        self::assertSame([0, $body], [$code, $output]);
    }
}
