<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\PrivateKey;
use Kess\PublicKey;

/** The stored answers of the judges, keys for tests, and PHP processes. */
final class Support
{
    public const ROOT = __DIR__ . '/../../..';
    public const PASSWORD = 'correct horse';

    public static function keyFile(string $name): string
    {
        return self::ROOT . "/tests/vectors/keys/$name";
    }

    public static function private(string $name = 'rsa-2048'): PrivateKey
    {
        return PrivateKey::fromFile(self::keyFile("$name.pem"), null, true);
    }

    public static function public(string $name = 'rsa-2048'): PublicKey
    {
        return PublicKey::fromFile(self::keyFile("$name.pub.pem"), null, true);
    }

    /** What a PEM file wraps. */
    public static function derOf(string $pem): string
    {
        return base64_decode(preg_replace('/-----[^-]+-----/', '', $pem));
    }

    /** @return iterable<array<string, mixed>> */
    public static function rows(string $name): iterable
    {
        $text = gzdecode(file_get_contents(self::ROOT . "/tests/vectors/$name.jsonl.gz"));
        foreach (\array_slice(explode("\n", rtrim($text)), 1) as $line) {
            yield json_decode($line, true, 512, \JSON_THROW_ON_ERROR);
        }
    }

    /** @param array<string, mixed> $row */
    public static function bytes(array $row, string $field): string
    {
        return $row[$field] ?? base64_decode($row["{$field}_base64"], true);
    }

    /**
     * Run a program and return its exit code and what it wrote.
     *
     * @param list<string>          $command
     * @param array<string, string> $environment
     *
     * @return array{int, string}
     */
    public static function run(array $command, array $environment = [], string $input = ''): array
    {
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], ['redirect', 1]], $pipes, null, $environment + getenv());
        fwrite($pipes[0], $input);
        fclose($pipes[0]);
        $output = stream_get_contents($pipes[1]);

        return [proc_close($process), $output];
    }
}
