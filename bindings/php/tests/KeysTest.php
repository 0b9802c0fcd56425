<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\Exception\InputError;
use Kess\Exception\KeyLoadError;
use Kess\PrivateKey;
use Kess\PublicKey;
use Kess\Signer;
use PHPUnit\Framework\TestCase;

/** Keys are loaded, freed once, and never shown or copied. */
final class KeysTest extends TestCase
{
    public function testForms(): void
    {
        foreach (['rsa-2048.pem', 'rsa-2048.pkcs1.pem', 'rsa-2048.pkcs8.der'] as $name) {
            self::assertSame(2048, PrivateKey::fromPem(file_get_contents(Support::keyFile($name)))->bits());
        }
        foreach (['rsa-2048.pub.der', 'rsa-2048.cert.pem', 'rsa-2048.cert.der'] as $name) {
            self::assertSame(2048, PublicKey::fromPem(file_get_contents(Support::keyFile($name)))->bits());
        }
        foreach (['rsa-2048.encrypted.pem', 'rsa-2048.encrypted.der'] as $name) {
            self::assertSame(2048, PrivateKey::fromFile(Support::keyFile($name), Support::PASSWORD)->bits());
            self::assertSame(2048, PrivateKey::fromPem(file_get_contents(Support::keyFile($name)), Support::PASSWORD)->bits());
        }
    }

    public function testThePublicHalfAsOpensslWritesIt(): void
    {
        foreach (['rsa-2048', 'rsa-2048-e3', 'rsa-4096'] as $name) {
            $expected = Support::derOf(openssl_pkey_get_details(openssl_pkey_get_private(file_get_contents(Support::keyFile("$name.pem"))))['key']);
            self::assertSame($expected, Support::private($name)->publicKey()->spki());
            self::assertSame($expected, PublicKey::fromPem($expected, null, true)->spki());
        }
    }

    /** @dataProvider refusals */
    public function testRefusals(string $reason, string $needle, callable $load): void
    {
        try {
            $load();
        } catch (KeyLoadError $error) {
            self::assertSame($reason, $error->reason());
            self::assertStringContainsString($needle, $error->getMessage());
            self::assertStringNotContainsString('correct', $error->getMessage());

            return;
        }
        self::fail('a key was loaded');
    }

    /** @return array<string, array{string, string, callable}> */
    public static function refusals(): array
    {
        $private = static fn (string $name, ?string $password = null): callable => static fn () => PrivateKey::fromFile(Support::keyFile($name), $password);
        $public = static fn (string $name): callable => static fn () => PublicKey::fromFile(Support::keyFile($name));

        return [
            'empty' => ['format', 'a private key', static fn () => PrivateKey::fromPem('')],
            'NUL' => ['format', 'a public key', static fn () => PublicKey::fromPem("\0\0")],
            'no file' => ['file', 'a private key', $private('no such file')],
            'no password' => ['password', 'cannot load a private key: the private key is encrypted and the password is missing or wrong', $private('rsa-2048.encrypted.pem')],
            'wrong password' => ['password', 'a private key', $private('rsa-2048.encrypted.pem', 'correct horses')],
            'wrong password of a text' => ['password', 'a private key', static fn () => PrivateKey::fromPem(file_get_contents(Support::keyFile('rsa-2048.encrypted.pem')), 'correct horses')],
            'password and NUL' => ['password', 'a private key', $private('rsa-2048.encrypted.pem', "correct horse\0s")],
            'certificate' => ['kind', 'found an X.509 certificate where a private key is needed', $private('rsa-2048.cert.pem')],
            'private for public' => ['secret', 'found a private key where a public key is needed', $public('rsa-2048.pem')],
            'elliptic' => ['algorithm', 'found an EC key where an RSA key is needed', $public('ec-p256.pub.pem')],
            'weak' => ['size', 'a public key', $public('rsa-1024.pub.pem')],
        ];
    }

    public function testOneStatementInAllLanguages(): void
    {
        $shared = json_decode(file_get_contents(Support::ROOT . '/bindings/key_errors.json'), true);
        self::assertGreaterThan(5, \count($shared));
        foreach ($shared as ['file' => $file, 'needed' => $needed, 'message' => $message]) {
            $class = $needed === 'a private key' ? PrivateKey::class : PublicKey::class;
            try {
                $class::fromFile(Support::keyFile($file));
                self::fail("$file was loaded");
            } catch (KeyLoadError $error) {
                self::assertSame($message, $error->getMessage());
            }
        }
    }

    public function testPathsThatCWouldCut(): void
    {
        foreach (['', Support::keyFile('rsa-2048.pem') . "\0.txt"] as $path) {
            foreach ([PrivateKey::class, PublicKey::class] as $class) {
                try {
                    $class::fromFile($path);
                    self::fail('a file was opened');
                } catch (InputError $error) {
                    self::assertSame('argument', $error->reason());
                }
            }
        }
    }

    public function testNoCopies(): void
    {
        foreach ([Support::private(), Support::public()] as $key) {
            $attempts = [
                static fn () => clone $key,
                static fn () => serialize($key),
                static fn () => serialize([new Signer(Support::private())]),
                static fn () => unserialize('O:' . \strlen($key::class) . ':"' . $key::class . '":0:{}'),
                static fn () => new ($key::class)(),
            ];
            foreach ($attempts as $attempt) {
                try {
                    $attempt();
                    self::fail('a copy was made');
                } catch (\Error | \LogicException $error) {
                    self::assertStringContainsString('key', strtolower($error->getMessage()));
                }
            }
        }
    }

    public function testNothingIsShown(): void
    {
        $key = Support::private();
        ob_start();
        var_dump($key);
        print_r($key);
        print_r(new Signer($key));
        var_export($key);
        $shown = ob_get_clean() . json_encode($key) . json_encode(new Signer($key));
        self::assertStringContainsString('2048', $shown);
        self::assertStringNotContainsString('0x', $shown);
        self::assertDoesNotMatchRegularExpression('/\d{9}/', $shown);
    }

    public function testNoTraceHoldsASecret(): void
    {
        if (\PHP_VERSION_ID < 80200) {
            self::markTestSkipped('SensitiveParameter came with PHP 8.2');
        }
        $program = 'require $argv[1]; Kess\PrivateKey::fromPem("pem-SECRET", "password-SECRET");';
        [, $output] = Support::run([\PHP_BINARY, '-d', 'zend.exception_ignore_args=0', '-d', 'zend.exception_string_param_max_len=100', '-d', 'display_errors=1', '-r', $program, '--', __DIR__ . '/../preload.php']);
        self::assertStringContainsString('KeyLoadError', $output);
        self::assertStringContainsString('SensitiveParameterValue', $output);
        self::assertStringNotContainsString('SECRET', $output);
    }

    public function testAKeyIsFreedOnce(): void
    {
        $key = Support::private();
        $public = $key->publicKey();
        $key->__destruct();
        $key->__destruct();
        self::assertSame(2048, $public->bits());
        self::assertSame(0, $key->bits());
        $this->expectException(InputError::class);
        $this->expectExceptionMessage('it was freed');
        $key->signedBody('{}');
    }

    public function testAWrongObjectIsNoKey(): void
    {
        $this->expectException(\TypeError::class);
        new Signer(Support::public());
    }
}
