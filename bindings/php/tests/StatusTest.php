<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\Exception\BackendError;
use Kess\Exception\DocumentRefused;
use Kess\Exception\InputError;
use Kess\Exception\InvalidSignature;
use Kess\Exception\KessException;
use Kess\Library;
use PHPUnit\Framework\TestCase;

/** The tables of this package are those of kess.h and of bindings/status.json. */
final class StatusTest extends TestCase
{
    private static function failure(int $status, bool $isVerifying = false): KessException
    {
        $ffi = Library::get();
        $error = $ffi->new('kess_error[1]');
        [$error[0]->status, $error[0]->pos] = [$status, 7];

        return Library::failure($isVerifying ? $ffi->KESS_DO_VERIFY_DOCUMENT : $ffi->KESS_DO_SIGNED_BODY, $error);
    }

    public function testEveryStatus(): void
    {
        $rows = json_decode(file_get_contents(Support::ROOT . '/bindings/status.json'), true);
        self::assertCount(35, $rows);
        foreach ($rows as $row) {
            foreach ([false => $row['exception'], true => $row['verifying'] ?? $row['exception']] as $isVerifying => $class) {
                $failure = self::failure($row['status'], (bool) $isVerifying);
                self::assertSame("Kess\\Exception\\$class", $failure::class);
                self::assertSame([$row['reason'], $row['code'], $row['status']], [$failure->reason(), $failure->code(), $failure->getCode()]);
                self::assertSame(isset($row['verifying']) ? 7 : null, $failure->position());
                self::assertStringContainsString(Library::get()->kess_status_message($row['status']), $failure->getMessage());
            }
        }
    }

    public function testKinds(): void
    {
        self::assertInstanceOf(InvalidSignature::class, self::failure(200, true));
        self::assertInstanceOf(InputError::class, self::failure(200));
        self::assertNotInstanceOf(InvalidSignature::class, self::failure(101, true));
        self::assertTrue(is_subclass_of(DocumentRefused::class, KessException::class));
    }

    /** @dataProvider inventions */
    public function testAnInventedStatusFailsClosed(int $status): void
    {
        $failure = self::failure($status, true);
        self::assertInstanceOf(BackendError::class, $failure);
        self::assertSame(['unknown', 'KESS_ERR_UNKNOWN', $status], [$failure->reason(), $failure->code(), $failure->getCode()]);
        self::assertStringContainsString("an unknown status (KESS_ERR_UNKNOWN, $status): nothing was signed or verified", $failure->getMessage());
    }

    /** @return list<array{int}> */
    public static function inventions(): array
    {
        return [[-1], [4], [99], [208], [225], [310], [406], [2147483647]];
    }

    public function testTheHeaderIsThatOfTheLibrary(): void
    {
        // A Python test compares this one with kess.h.
        $header = file_get_contents(Support::ROOT . '/csrc/include/kess_ffi.h');
        $lines = "#define FFI_SCOPE \"KESS\"\n#define FFI_LIB \"libkess.so.0\"\n";
        self::assertSame($lines . $header, file_get_contents(__DIR__ . '/../kess.ffi.h'));
    }

    public function testTheVersionIsThatOfTheProject(): void
    {
        $version = file_get_contents(Support::ROOT . '/src/kesspay/_version.py');
        self::assertStringContainsString('"' . Library::VERSION . '"', $version);
        self::assertSame(Library::VERSION, Library::get()->kess_version());
    }

    public function testWhichVersionsFit(): void
    {
        self::assertSame(1, Library::get()->kess_version_fits('0.1.7'));
        foreach (['0.2.0', '1.1.0', '0.10.0', '0', '', 'x.1.0'] as $version) {
            self::assertSame(0, Library::get()->kess_version_fits($version), $version);
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
