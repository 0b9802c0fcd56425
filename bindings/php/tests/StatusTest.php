<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\Exception\BackendError;
use Kess\Exception\DocumentRefused;
use Kess\Exception\InputError;
use Kess\Exception\InvalidSignature;
use Kess\Exception\KessException;
use Kess\Library;
use Kess\Profile;
use Kess\Room;
use PHPUnit\Framework\TestCase;

/** The tables of this package are those of kess.h and of bindings/status.json. */
final class StatusTest extends TestCase
{
    public function testEveryStatus(): void
    {
        $rows = json_decode(file_get_contents(Support::ROOT . '/bindings/status.json'), true);
        self::assertSame(array_column($rows, 'status'), array_keys(Library::STATUSES));
        foreach ($rows as $row) {
            foreach ([false => $row['exception'], true => $row['verifying'] ?? $row['exception']] as $isVerifying => $class) {
                $failure = Library::failure($row['status'], 7, (bool) $isVerifying);
                self::assertSame("Kess\\Exception\\$class", $failure::class);
                self::assertSame([$row['reason'], $row['code'], $row['status']], [$failure->reason(), $failure->code(), $failure->getCode()]);
            }
            self::assertSame($row['code'], Library::get()->kess_status_name($row['status']));
        }
    }

    public function testKinds(): void
    {
        self::assertInstanceOf(InvalidSignature::class, Library::failure(200, 0, true));
        self::assertInstanceOf(InputError::class, Library::failure(200, 0));
        self::assertNotInstanceOf(InvalidSignature::class, Library::failure(101, 0, true));
        self::assertTrue(is_subclass_of(DocumentRefused::class, KessException::class));
    }

    /** @dataProvider inventions */
    public function testAnInventedStatusFailsClosed(int $status): void
    {
        $this->expectException(BackendError::class);
        $this->expectExceptionMessage("the status $status, which this package does not know");
        Room::for(10)->result($status, true);
    }

    /** @return list<array{int}> */
    public static function inventions(): array
    {
        return [[-1], [4], [99], [208], [225], [310], [406], [4294967295]];
    }

    public function testAnInventedStatusOfAKeyFailsClosed(): void
    {
        $this->expectException(BackendError::class);
        Library::key(static fn (): int => 399, 'a public key');
    }

    public function testTheHeaderIsThatOfC(): void
    {
        $header = self::squeezed(Support::ROOT . '/csrc/include/kess.h');
        $ours = self::squeezed(__DIR__ . '/../kess.ffi.h');
        $types = '/typedef (?:enum|struct) kess_\w+ (?:\{.*?\} )?kess_\w+;/';
        preg_match_all($types, $header, $expected);
        preg_match_all($types, $ours, $found);
        self::assertCount(5, $expected[0]);
        self::assertEqualsCanonicalizing($expected[0], $found[0]);

        preg_match_all('/KESS_API (?:KESS_MUST_CHECK )?([a-z][^;{}#"]*\);)/', $header, $expected);
        $rest = preg_replace($types, '', preg_replace('/#define \S+ \S+/', '', $ours));
        preg_match_all('/[^;]+;/', $rest, $found);
        self::assertGreaterThan(25, \count($expected[1]));
        // A string passes as const char *, and every output has one kind of buffer.
        $inputs = static fn (string $text): string => preg_replace(['/const uint8_t \*/', '/(?<!const )char \*(?=sign|out)/'], ['const char *', 'uint8_t *'], trim($text));
        self::assertEqualsCanonicalizing(array_map($inputs, $expected[1]), array_map('trim', $found[0]));

        preg_match_all('/#define KESS_PROFILE_(\w+) (\d+)u/', $header, $profiles);
        $constants = (new \ReflectionClass(Profile::class))->getConstants();
        self::assertSame(array_combine($profiles[1], array_map('intval', $profiles[2])), $constants);
    }

    private static function squeezed(string $path): string
    {
        $text = preg_replace('~/\*.*?\*/~s', ' ', file_get_contents($path));

        return preg_replace(['/\s+/', '/\( /'], [' ', '('], $text);
    }

    public function testTheVersionIsThatOfTheProject(): void
    {
        $version = file_get_contents(Support::ROOT . '/src/kesspay/_version.py');
        self::assertStringContainsString('"' . Library::VERSION . '"', $version);
        self::assertSame(Library::VERSION, Library::get()->kess_version());
    }

    public function testWhichVersionsFit(): void
    {
        self::assertTrue(Library::fits('0.1.7'));
        foreach (['0.2.0', '1.1.0', '0.10.0', '0', '', 'x.1.0'] as $version) {
            self::assertFalse(Library::fits($version), $version);
        }
    }

    public function testAnotherVersionIsNotLoaded(): void
    {
        $folder = sys_get_temp_dir() . '/kess-' . bin2hex(random_bytes(8));
        mkdir($folder);
        try {
            $names = [];
            preg_match_all('/\b(kess_\w+)\(/', file_get_contents(__DIR__ . '/../kess.ffi.h'), $names);
            $source = 'const char *kess_version(void) { return "0.2.0"; }';
            foreach (array_diff($names[1], ['kess_version']) as $name) {
                $source .= "int $name(void) { return 0; }";
            }
            file_put_contents("$folder/kess.c", $source);
            [$code] = Support::run(['cc', '-shared', '-fPIC', '-o', "$folder/kess.so", "$folder/kess.c"]);
            self::assertSame(0, $code);
            $program = 'require $argv[1]; try { Kess\Library::get(); } catch (Kess\Exception\BackendError $e) { echo $e->getMessage(); }';
            [, $output] = Support::run([\PHP_BINARY, '-r', $program, '--', __DIR__ . '/../preload.php'], ['KESS_LIBRARY' => "$folder/kess.so"]);
            self::assertStringContainsString('0.2.0', $output);
            self::assertStringContainsString(Library::VERSION, $output);
        } finally {
            array_map('unlink', glob("$folder/*"));
            rmdir($folder);
        }
    }
}
