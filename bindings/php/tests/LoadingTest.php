<?php

declare(strict_types=1);

namespace Kess\Tests;

use PHPUnit\Framework\TestCase;

/** How libkess is found, and what the exception says where it is not. */
final class LoadingTest extends TestCase
{
    private const PACKAGE = __DIR__ . '/..';
    private const PROGRAM = <<<'PHP'
        <?php
        require getenv('KESS_PACKAGE') . '/preload.php';
        try {
            echo 'canonical: ' . Kess\canonicalize(['b' => 1, 'a' => 2]);
        } catch (Kess\Exception\KessException $error) {
            echo $error::class, ': ', $error->getMessage();
        }
        PHP;

    /**
     * @param list<string>          $settings
     * @param array<string, string> $environment
     */
    private function web(array $settings, array $environment = []): string
    {
        $cgi = trim((string) shell_exec('command -v php-cgi'));
        if ($cgi === '') {
            if (getenv('KESSPAY_REQUIRE_LANGUAGES') === '1') {
                self::fail('php-cgi is not installed');
            }
            self::markTestSkipped('php-cgi is not installed');
        }
        $page = tempnam(sys_get_temp_dir(), 'kess');
        file_put_contents($page, self::PROGRAM);
        try {
            // PHP demands this line where root starts it.
            $options = posix_geteuid() === 0 ? ['-d', 'opcache.preload_user=root'] : [];
            foreach ($settings as $setting) {
                array_push($options, '-d', $setting);
            }

            return Support::run([$cgi, '-q', ...$options, '-f', $page], $environment + ['KESS_PACKAGE' => realpath(self::PACKAGE)])[1];
        } finally {
            unlink($page);
        }
    }

    private function preload(): string
    {
        return 'opcache.preload=' . realpath(self::PACKAGE . '/preload.php');
    }

    public function testOpcachePreload(): void
    {
        $settings = ['ffi.enable=preload', 'opcache.enable=1', $this->preload()];
        self::assertSame('canonical: {"a":2,"b":1}', $this->web($settings));
    }

    public function testBothPreloads(): void
    {
        $settings = ['ffi.enable=preload', 'opcache.enable=1', $this->preload(), 'ffi.preload=' . realpath(self::PACKAGE . '/kess.ffi.h')];
        // What ffi.preload made is used: KESS_LIBRARY is not looked at.
        self::assertSame('canonical: {"a":2,"b":1}', $this->web($settings, ['KESS_LIBRARY' => 'relative.so']));
    }

    public function testEachMissingLineIsNamed(): void
    {
        $header = 'ffi.preload=' . realpath(self::PACKAGE . '/kess.ffi.h');
        $cases = [
            ['ffi.enable=preload', ['ffi.enable=0', 'opcache.enable=1', $this->preload()]],
            ['opcache.enable=1', ['ffi.enable=preload', 'opcache.enable=0']],
            [$this->preload(), ['ffi.enable=preload', 'opcache.enable=1']],
            [$this->preload(), ['ffi.enable=preload', 'opcache.enable=1', $header]],
        ];
        foreach ($cases as [$line, $settings]) {
            $output = $this->web($settings);
            self::assertStringContainsString("php.ini lacks the line $line", $output);
            self::assertStringStartsWith('Kess\Exception\BackendError', $output);
        }
    }

    public function testARequestOfAWebServer(): void
    {
        $python = getenv('KESSPAY_PYTHON');
        if ($python === false || !is_executable($python) || trim((string) shell_exec('command -v php-cgi')) === '') {
            if (getenv('KESSPAY_REQUIRE_LANGUAGES') === '1') {
                self::fail('php-cgi is not installed, or KESSPAY_PYTHON names no Python');
            }
            self::markTestSkipped('php-cgi is not installed, or KESSPAY_PYTHON names no Python');
        }
        $folder = sys_get_temp_dir() . '/kess-' . bin2hex(random_bytes(8));
        mkdir($folder);
        $body = Support::private()->signedBody('{"a":1}');
        file_put_contents("$folder/request.json", '{"a":1}');
        file_put_contents("$folder/body.json", $body);
        try {
            // Each answer is compared there with that of openssl_verify.
            [$code, $output] = Support::run([$python, __DIR__ . '/web', '20'], ['KESS_BENCH' => $folder]);
        } finally {
            array_map('unlink', glob("$folder/*"));
            rmdir($folder);
        }
        self::assertSame(0, $code, $output);
        foreach (['preload', 'both-preloads', 'no-preload'] as $way) {
            self::assertMatchesRegularExpression("/^$way-library [0-9.]+$/m", $output);
            self::assertMatchesRegularExpression("/^$way-sign [0-9.]+$/m", $output);
        }
    }

    public function testFfiForEverything(): void
    {
        self::assertSame('canonical: {"a":2,"b":1}', $this->web(['ffi.enable=true']));
    }

    /** @param array<string, string> $environment */
    private function command(array $environment): string
    {
        return Support::run([\PHP_BINARY], $environment + ['KESS_PACKAGE' => realpath(self::PACKAGE)], self::PROGRAM)[1];
    }

    public function testTheLibrary(): void
    {
        self::assertSame('canonical: {"a":2,"b":1}', $this->command([]));
        self::assertStringContainsString('must be an absolute path', $this->command(['KESS_LIBRARY' => 'libkess.so.0']));
        self::assertStringContainsString('cannot open libkess: install it', $this->command(['KESS_LIBRARY' => '/nowhere/libkess.so.0']));
        self::assertSame('canonical: {"a":2,"b":1}', $this->command(['KESS_LIBRARY' => '']));
    }

    public function testTheExample(): void
    {
        $example = self::PACKAGE . '/examples/sign_and_verify.php';
        [$code, $output] = Support::run([\PHP_BINARY, $example, Support::keyFile('rsa-2048.pem'), Support::keyFile('rsa-2048.pub.pem')]);
        self::assertSame(0, $code);
        self::assertStringEndsWith("verified: 0.5\nrefused: mismatch (KESS_ERR_SIGNATURE)\n", $output);
    }
}
