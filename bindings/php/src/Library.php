<?php

declare(strict_types=1);

namespace Kess;

use FFI;
use FFI\CData;
use Kess\Exception\BackendError;
use Kess\Exception\CanonicalizationError;
use Kess\Exception\InputError;
use Kess\Exception\KessException;

/**
 * libkess: loads it, calls it, and turns its errors into exceptions.
 *
 * @internal
 */
final class Library
{
    /** The version of the package. The library must fit it. */
    public const VERSION = '0.1.0';

    /** What kess_call does: kess_operation of kess.h. */
    public const CANONICALIZE = 0;
    public const SIGNED_BODY = 1;
    public const SIGN_DOCUMENT = 2;
    public const VERIFY_DOCUMENT = 3;
    public const SPKI = 4;

    private static ?FFI $ffi = null;
    private static ?FFI\CType $description = null;

    /** @var array{CData, CData, CData}|null 64 KiB that are kept, a length and a kess_error, while no call uses them */
    private static ?array $room = null;

    public static function get(): FFI
    {
        return self::$ffi ??= self::load();
    }

    /** Call kess_call: return what the operation writes, or throw. */
    public static function call(int $operation, ?CData $key, string $text, int $profile = 0, int $depth = 0): string
    {
        $ffi = self::$ffi ?? self::get();
        $room = self::$room ?? [$ffi->new('uint8_t[65536]'), $ffi->new('size_t[1]'), $ffi->new('kess_error[1]')];
        // A handler of a signal may run between any two steps, and may call the library:
        // what is in use is out of its reach.
        self::$room = null;
        [$out, $length, $error] = $room;
        $length[0] = 65536;
        $size = \strlen($text);
        $status = $ffi->kess_call($key, $operation, $out, $length, $text, $size, $profile, $depth, $error);
        if ($status !== 0 && $status === $ffi->KESS_ERR_BUFFER) {
            // Nothing was signed or verified, and the length is what is needed.
            $out = $ffi->new("uint8_t[{$length[0]}]");
            $status = $ffi->kess_call($key, $operation, $out, $length, $text, $size, $profile, $depth, $error);
        }
        if ($status !== 0) {
            $failure = self::failure($operation, $error);
            self::$room = $room;

            throw $failure;
        }
        $bytes = FFI::string($out, $length[0]);
        self::$room = $room;

        return $bytes;
    }

    /** Call kess_load: return a kess_key *, or throw. */
    public static function key(
        string $operation,
        #[\SensitiveParameter] string $data,
        #[\SensitiveParameter] ?string $password,
        bool $allowWeak,
    ): CData {
        $ffi = self::get();
        [$key, $error] = [$ffi->new('kess_key *[1]'), $ffi->new('kess_error[1]')];
        [$size, $passwordSize] = [\strlen($data), \strlen($password ?? '')];
        $policy = $allowWeak ? $ffi->KESS_KEY_ALLOW_WEAK : 0;
        $status = $ffi->kess_load($key, $ffi->$operation, $data, $size, $password, $passwordSize, $policy, $error);

        return $status === 0 ? $key[0] : throw self::failure($ffi->$operation, $error);
    }

    /** The exception for an error of an operation. A status that libkess does not know is a failure as well. */
    public static function failure(int $operation, CData $error): KessException
    {
        $ffi = self::get();
        $is = $ffi->new(self::$description ??= $ffi->type('kess_description'));
        $ffi->kess_describe(FFI::addr($is), $operation, $error);
        $class = "Kess\\Exception\\{$is->exception}";
        $position = $is->pos < 0 ? null : $is->pos;

        return new $class(FFI::string($is->message), $is->reason, $is->name, $is->status, $position);
    }

    /**
     * The JSON text of parameters.
     *
     * @param string|array<mixed> $parameters a JSON text, or an array
     */
    public static function text(string|array $parameters): string
    {
        if (\is_string($parameters)) {
            return $parameters;
        }
        $precision = (string) \ini_get('serialize_precision');
        if (!\in_array($precision, ['-1', '17', '100'], true)) {
            $shown = $precision === '' ? 'empty' : (int) $precision;
            throw new InputError("serialize_precision is $shown in php.ini, with which numbers lose digits without"
                . ' a word: set it to -1, or give a JSON text. Nothing was signed', 'argument');
        }
        try {
            // With its fraction -0.0 stays a number with a sign, as in json_encode of the array.
            return json_encode($parameters, \JSON_THROW_ON_ERROR | \JSON_PRESERVE_ZERO_FRACTION);
        } catch (\JsonException $exception) {
            $words = [\JSON_ERROR_DEPTH => 'depth', \JSON_ERROR_UTF8 => 'utf8', \JSON_ERROR_INF_OR_NAN => 'infinite'];
            $reason = $words[$exception->getCode()] ?? 'argument';
            $class = $reason === 'argument' ? InputError::class : CanonicalizationError::class;
            $message = "PHP cannot encode the parameters: {$exception->getMessage()}. Nothing was signed";

            throw new $class($message, $reason);
        }
    }

    private static function load(): FFI
    {
        if (!\extension_loaded('ffi')) {
            throw new BackendError('PHP has no extension FFI: install it (Debian: it is in php-cli and php-fpm;'
                . ' extension=ffi in php.ini)', 'backend');
        }
        try {
            // What ffi.preload made.
            $ffi = FFI::scope('KESS');
        } catch (FFI\Exception) {
            $ffi = self::open();
        }
        if (!$ffi->kess_version_fits(self::VERSION)) {
            throw new BackendError("libkess is version {$ffi->kess_version()}, and this package is version "
                . self::VERSION . ', which does not fit it: install both of one version', 'backend');
        }

        return $ffi;
    }

    private static function open(): FFI
    {
        $names = ['Darwin' => 'libkess.0.dylib', 'Windows' => 'kess.dll'];
        $name = getenv('KESS_LIBRARY') ?: $names[\PHP_OS_FAMILY] ?? 'libkess.so.0';
        if (getenv('KESS_LIBRARY') && !preg_match('~^(/|[A-Za-z]:[\\\\/])~', $name)) {
            throw new BackendError('KESS_LIBRARY must be an absolute path of libkess', 'backend');
        }
        try {
            // FFI::cdef takes no directives.
            $header = file_get_contents(\dirname(__DIR__) . '/kess.ffi.h');
            return FFI::cdef(preg_replace('/^#.*$/m', '', $header), $name);
        } catch (FFI\Exception $exception) {
            throw new BackendError(self::advice($exception->getMessage()), 'backend');
        }
    }

    /** What to do when libkess cannot be opened. */
    private static function advice(string $message): string
    {
        if (!str_contains($message, 'ffi.enable')) {
            return "cannot open libkess: install it, or set KESS_LIBRARY to its absolute path ($message)";
        }
        $isOn = static fn (string $name): bool => filter_var(\ini_get($name), \FILTER_VALIDATE_BOOL);
        $lines = [
            'ffi.enable=preload' => \ini_get('ffi.enable') === 'preload',
            'zend_extension=opcache' => \extension_loaded('Zend OPcache'),
            'opcache.enable=1' => $isOn('opcache.enable'),
            'opcache.enable_cli=1' => \PHP_SAPI !== 'cli' || $isOn('opcache.enable_cli'),
            'opcache.preload=' . \dirname(__DIR__) . '/preload.php' => false,
        ];

        return 'PHP lets only preloaded files use FFI here: php.ini lacks the line '
            . array_search(false, $lines, true) . ' (README of this package, "Web servers")';
    }
}
