<?php

declare(strict_types=1);

namespace Kess;

use FFI\CData;

/**
 * libkess: loads it, calls it, and turns its errors into exceptions.
 *
 * @internal
 */
final class Library
{
    /** The version of the package. The library must fit it. */
    public const VERSION = '0.1.0';

    private static ?\FFI $ffi = null;

    /** @var array{CData, CData}|null 64 KiB, kept while no call uses them: a kess_request[1] and its element */
    private static ?array $kept = null;

    public static function get(): \FFI
    {
        return self::$ffi ??= self::load();
    }

    /**
     * Call kess_run: return what the operation writes, or throw.
     *
     * @param string              $name     of the operation in kess.h: "KESS_DO_SPKI"
     * @param string|array<mixed> $document a text, or an array for a JSON text
     */
    public static function call(string $name, ?CData $key, string|array $document, ?Profile $profile = null): string
    {
        $text = \is_array($document) ? self::text($document) : $document;
        $ffi = self::$ffi ?? self::get();
        [$memory, $request] = $kept = self::$kept ?? [$memory = $ffi->new('kess_request[1]'), $memory[0]];
        // A handler of a signal may run between any two steps, and may call the library:
        // what is in use is out of its reach.
        self::$kept = null;
        $request->operation = $ffi->$name;
        $request->profile = $profile->flags ?? 0;
        // An array may be one level deeper than json_decode accepts of a text.
        $request->max_depth = \is_array($document) ? 512 : 0;
        $result = $ffi->kess_run($memory, $key, $text, \strlen($text)) ?? self::failed($memory, $key, $text);
        self::$kept = $kept;

        return \is_string($result) ? $result : throw $result;
    }

    /** What a call without a result ends with: that of another call, with more room, or an exception. */
    public static function failed(CData $memory, ?CData $key, string $text): string|Exception\KessException
    {
        $request = $memory[0];
        if ($request->status === self::$ffi->KESS_ERR_BUFFER) {
            // Nothing was signed or verified yet.
            $larger = self::$ffi->new('kess_request[' . intdiv($request->len, 65024) + 1 . ']');
            \FFI::memcpy($larger, $memory, 16);
            $larger[0]->room = $request->len;

            return self::$ffi->kess_run($larger, $key, $text, \strlen($text)) ?? self::failed($larger, $key, $text);
        }
        $class = 'Kess\Exception\\' . \FFI::string($request->exception);
        $facts = ['code' => \FFI::string($request->name), 'status' => $request->status, 'position' => $request->pos];

        return new $class(\FFI::string($request->message), \FFI::string($request->reason), $facts);
    }

    /** @param array<mixed> $parameters */
    private static function text(array $parameters): string
    {
        $precision = \ini_get('serialize_precision');
        \in_array($precision, ['-1', '17', '100'], true) || throw new Exception\InputError(
            "serialize_precision is \"$precision\" in php.ini, with which numbers lose digits without a word: set it"
            . ' to -1, or give a JSON text. Nothing was signed', 'argument');
        try {
            // With its fraction -0.0 stays a number with a sign, as in json_encode of the array.
            return json_encode($parameters, \JSON_THROW_ON_ERROR | \JSON_PRESERVE_ZERO_FRACTION);
        } catch (\JsonException $problem) {
            $words = [\JSON_ERROR_DEPTH => 'depth', \JSON_ERROR_UTF8 => 'utf8', \JSON_ERROR_INF_OR_NAN => 'infinite'];
            $reason = $words[$problem->getCode()] ?? 'argument';
            $class = $reason === 'argument' ? Exception\InputError::class : Exception\CanonicalizationError::class;

            throw new $class("PHP cannot encode the parameters: {$problem->getMessage()}. Nothing was signed", $reason);
        }
    }

    private static function load(): \FFI
    {
        try {
            // What ffi.preload made.
            $ffi = \FFI::scope('KESS');
        } catch (\Error) {
            $ffi = self::open();
        }

        return $ffi->kess_version_fits(self::VERSION) ? $ffi : throw new Exception\BackendError(
            "libkess is version {$ffi->kess_version()}, and this package is version " . self::VERSION
            . ', which does not fit it: install both of one version', 'backend');
    }

    private static function open(): \FFI
    {
        $names = ['Darwin' => 'libkess.0.dylib', 'Windows' => 'kess.dll'];
        $name = getenv('KESS_LIBRARY') ?: $names[\PHP_OS_FAMILY] ?? 'libkess.so.0';
        !getenv('KESS_LIBRARY') || preg_match('~^(/|[A-Za-z]:[\\\\/])~', $name)
            || throw new Exception\BackendError('KESS_LIBRARY must be an absolute path of libkess', 'backend');
        try {
            // FFI::cdef takes no directives.
            return \FFI::cdef(preg_replace('/^#.*$/m', '', file_get_contents(__DIR__ . '/../kess.ffi.h')), $name);
        } catch (\Error $problem) {
            $why = $problem->getMessage();
            $lines = ['ffi.enable' => 'preload', 'zend_extension' => 'opcache', 'opcache.enable' => '1'];
            $given = ini_get_all(null, false) + (\extension_loaded('Zend OPcache') ? $lines : []);
            $missing = array_diff_assoc($lines, $given) + ['opcache.preload' => \dirname(__DIR__) . '/preload.php'];
            $line = key($missing) . '=' . reset($missing);

            throw new Exception\BackendError(str_contains($why, 'ffi.enable')
                ? "PHP lets only preloaded files use FFI here: php.ini lacks the line $line (README, \"Web servers\")"
                : "cannot open libkess: install it, or set KESS_LIBRARY to its absolute path ($why)", 'backend');
        }
    }
}
