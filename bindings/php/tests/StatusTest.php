<?php

declare(strict_types=1);

namespace Kess\Tests;

use Kess\Exception\BackendError;
use Kess\Exception\CanonicalizationError;
use Kess\Exception\DocumentRefused;
use Kess\Exception\InputError;
use Kess\Exception\InvalidSignature;
use Kess\Exception\KessException;
use Kess\Library;
use Kess\Profile;
use PHPUnit\Framework\TestCase;

/** What this package has of kess.h and of bindings/status.json is right. */
final class StatusTest extends TestCase
{
    /** @param array<string, string> $words what libkess says in its fields */
    private static function failure(array $words, int $status, int $position = -1): KessException
    {
        $memory = Library::get()->new('kess_request[1]');
        [$memory[0]->status, $memory[0]->pos] = [$status, $position];
        foreach ($words as $field => $text) {
            \FFI::memcpy($memory[0]->$field, $text, \strlen($text));
        }

        return Library::failed($memory, null, '');
    }

    public function testEveryStatus(): void
    {
        $rows = json_decode(file_get_contents(Support::ROOT . '/bindings/status.json'), true);
        self::assertCount(35, $rows);
        foreach ($rows as $row) {
            if ($row['code'] === 'KESS_ERR_BUFFER') {
                // It is no exception: the call is made again.
                continue;
            }
            foreach ([$row['exception'], $row['verifying'] ?? $row['exception']] as $class) {
                $words = ['exception' => $class, 'reason' => $row['reason'], 'name' => $row['code'], 'message' => 'So it is.'];
                $failure = self::failure($words, $row['status'], isset($row['verifying']) ? 7 : -1);
                self::assertSame("Kess\\Exception\\$class", $failure::class);
                self::assertSame([$row['reason'], $row['code'], $row['status']], [$failure->reason(), $failure->code(), $failure->getCode()]);
                self::assertSame(isset($row['verifying']) ? 7 : null, $failure->position());
                self::assertSame('So it is.', $failure->getMessage());
            }
        }
    }

    public function testKinds(): void
    {
        self::assertTrue(is_subclass_of(DocumentRefused::class, InvalidSignature::class));
        self::assertTrue(is_subclass_of(CanonicalizationError::class, InputError::class));
        foreach ([InputError::class, InvalidSignature::class, BackendError::class] as $class) {
            self::assertTrue(is_subclass_of($class, KessException::class));
            self::assertSame(['', '', null, 0], [(new $class('x'))->reason(), (new $class('x'))->code(), (new $class('x'))->position(), (new $class('x'))->getCode()]);
        }
        self::assertNotInstanceOf(InvalidSignature::class, new BackendError('x'));
        self::assertInstanceOf(\InvalidArgumentException::class, new InputError('x'));
        self::assertInstanceOf(\RuntimeException::class, new InvalidSignature('x'));
    }

    /** libkess says BackendError for a status that it does not know; so does a library whose words are not known. */
    public function testAnInventedStatusFailsClosed(): void
    {
        $words = ['exception' => 'BackendError', 'reason' => 'unknown', 'name' => 'KESS_ERR_UNKNOWN'];
        self::assertInstanceOf(BackendError::class, self::failure($words, 99));
        foreach (['', 'InventedError', 'Facts', 'KessException'] as $class) {
            try {
                self::failure(['exception' => $class], 99);
                self::fail("$class is no exception");
            } catch (\Error) {
                $this->addToAssertionCount(1);
            }
        }
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

    public function testASettingIsThatOfTheHeader(): void
    {
        $ffi = Library::get();
        $settings = [
            'PRECISION_17' => ['serializePrecision' => 17],
            'PRECISION_100' => ['serializePrecision' => 100],
            'UNESCAPED_SLASHES' => ['unescapedSlashes' => true],
            'UNESCAPED_UNICODE' => ['unescapedUnicode' => true],
            'KSORT_PHP_8_0' => ['ksort' => '8.0'],
            'KSORT_PHP_7' => ['ksort' => '7'],
            'PRESERVE_ZERO_FRACTION' => ['preserveZeroFraction' => true],
        ];
        foreach ($settings as $name => $arguments) {
            self::assertSame($ffi->{"KESS_PROFILE_$name"}, (new Profile(...$arguments))->flags, $name);
        }
        self::assertSame(0, (new Profile())->flags);
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
