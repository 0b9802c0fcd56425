<?php

declare(strict_types=1);

namespace Kess;

use FFI;
use FFI\CData;
use Kess\Exception\BackendError;
use Kess\Exception\CanonicalizationError;
use Kess\Exception\DocumentRefused;
use Kess\Exception\InputError;
use Kess\Exception\InvalidSignature;
use Kess\Exception\KessException;
use Kess\Exception\KeyLoadError;

/**
 * libkess: loads it, and turns its statuses into exceptions.
 *
 * @internal
 */
final class Library
{
    /** The version of the package. The library must fit it. */
    public const VERSION = '0.1.0';

    /** Status to code, exception and reason: the table bindings/status.json. */
    public const STATUSES = [
        1 => ['KESS_ERR_ARGUMENT', InputError::class, 'argument'],
        2 => ['KESS_ERR_BUFFER', BackendError::class, 'buffer'],
        3 => ['KESS_ERR_LENGTH', InputError::class, 'length'],
        100 => ['KESS_ERR_MEMORY', BackendError::class, 'memory'],
        101 => ['KESS_ERR_CRYPTO', BackendError::class, 'crypto'],
        102 => ['KESS_ERR_FILE', KeyLoadError::class, 'file'],
        200 => ['KESS_ERR_SYNTAX', CanonicalizationError::class, 'syntax'],
        201 => ['KESS_ERR_UTF8', CanonicalizationError::class, 'utf8'],
        202 => ['KESS_ERR_CONTROL', CanonicalizationError::class, 'control'],
        203 => ['KESS_ERR_ESCAPE', CanonicalizationError::class, 'escape'],
        204 => ['KESS_ERR_SURROGATE', CanonicalizationError::class, 'surrogate'],
        205 => ['KESS_ERR_DEPTH', CanonicalizationError::class, 'depth'],
        206 => ['KESS_ERR_TOP_LEVEL', CanonicalizationError::class, 'top_level'],
        207 => ['KESS_ERR_INFINITE', CanonicalizationError::class, 'infinite'],
        220 => ['KESS_ERR_DUPLICATE', CanonicalizationError::class, 'duplicate'],
        221 => ['KESS_ERR_NOT_OBJECT', CanonicalizationError::class, 'not_object'],
        222 => ['KESS_ERR_NOT_STABLE', CanonicalizationError::class, 'not_stable'],
        223 => ['KESS_ERR_SIGN_PRESENT', CanonicalizationError::class, 'sign_present'],
        224 => ['KESS_ERR_ORDER', CanonicalizationError::class, 'order'],
        300 => ['KESS_ERR_KEY_FORMAT', KeyLoadError::class, 'format'],
        301 => ['KESS_ERR_KEY_KIND', KeyLoadError::class, 'kind'],
        302 => ['KESS_ERR_KEY_AMBIGUOUS', KeyLoadError::class, 'ambiguous'],
        303 => ['KESS_ERR_KEY_SECRET', KeyLoadError::class, 'secret'],
        304 => ['KESS_ERR_KEY_PASSWORD', KeyLoadError::class, 'password'],
        305 => ['KESS_ERR_KEY_ALGORITHM', KeyLoadError::class, 'algorithm'],
        306 => ['KESS_ERR_KEY_SIZE', KeyLoadError::class, 'size'],
        307 => ['KESS_ERR_KEY_MODULUS', KeyLoadError::class, 'modulus'],
        308 => ['KESS_ERR_KEY_EXPONENT', KeyLoadError::class, 'exponent'],
        309 => ['KESS_ERR_KEY_INCONSISTENT', KeyLoadError::class, 'inconsistent'],
        400 => ['KESS_ERR_SIGNATURE', InvalidSignature::class, 'mismatch'],
        401 => ['KESS_ERR_SIGN_MISSING', InvalidSignature::class, 'sign_missing'],
        402 => ['KESS_ERR_SIGN_NOT_STRING', InvalidSignature::class, 'sign_not_string'],
        403 => ['KESS_ERR_SIGN_BASE64', InvalidSignature::class, 'sign_base64'],
        404 => ['KESS_ERR_SIGN_LENGTH', InvalidSignature::class, 'sign_length'],
        405 => ['KESS_ERR_SIGN_TYPE', InvalidSignature::class, 'sign_type'],
    ];

    private static ?FFI $ffi = null;

    public static function get(): FFI
    {
        return self::$ffi ??= self::load();
    }

    /**
     * Load a key.
     *
     * @param callable(CData, CData): int $call gets a pointer to a kess_key * and a kess_error
     */
    public static function key(callable $call, string $needed): CData
    {
        $ffi = self::get();
        $key = $ffi->new('kess_key *[1]');
        $error = $ffi->new('kess_error[1]');
        $status = $call($key, $error);
        if ($status === 0) {
            return $key[0];
        }
        $found = $error[0]->item;
        $place = $found === 0 ? null : match (self::STATUSES[$status][2] ?? null) {
            'kind', 'secret' => $needed,
            'algorithm' => 'an RSA key',
            default => null,
        };
        $message = $place === null
            ? "cannot load $needed: " . $ffi->kess_status_message($status)
            : 'found ' . $ffi->kess_found_message($found) . " where $place is needed";

        throw self::failure($status, null, false, $message);
    }

    /** The exception for a status. One that is not in the table is a failure as well. */
    public static function failure(int $status, ?int $position, bool $isVerifying = false, ?string $message = null): KessException
    {
        if (!isset(self::STATUSES[$status])) {
            return BackendError::of("libkess returned the status $status, which this package does not know: nothing was signed or verified", '', '', $status);
        }
        [$code, $class, $reason] = self::STATUSES[$status];
        $isDocument = $class === CanonicalizationError::class;
        if ($isVerifying && $isDocument) {
            $class = DocumentRefused::class;
        }
        $message ??= self::get()->kess_status_message($status);
        if ($isDocument) {
            $message .= " at byte $position";
        }

        return $class::of($message, $reason, $code, $status, $isDocument ? $position : null);
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
            throw InputError::of('serialize_precision is ' . ($precision === '' ? 'empty' : (int) $precision) . ' in php.ini, with which numbers lose digits without a word: set it to -1, or give a JSON text. Nothing was signed', 'argument');
        }
        try {
            // With its fraction -0.0 stays a number with a sign, as in json_encode of the array.
            return json_encode($parameters, \JSON_THROW_ON_ERROR | \JSON_PRESERVE_ZERO_FRACTION);
        } catch (\JsonException $exception) {
            $words = [\JSON_ERROR_DEPTH => 'depth', \JSON_ERROR_UTF8 => 'utf8', \JSON_ERROR_INF_OR_NAN => 'infinite'];
            $reason = $words[$exception->getCode()] ?? null;
            $message = 'PHP cannot encode the parameters: ' . $exception->getMessage() . '. Nothing was signed';

            throw $reason === null ? InputError::of($message, 'argument') : CanonicalizationError::of($message, $reason);
        }
    }

    /** A path for C, which ends at the first NUL. */
    public static function path(string $path): string
    {
        if ($path === '' || str_contains($path, "\0")) {
            throw InputError::of('the path of a key file is empty or holds a NUL: no file was opened', 'argument');
        }

        return $path;
    }

    /** The same major version, and minor while the major is 0. */
    public static function fits(string $version): bool
    {
        $ours = explode('.', self::VERSION);
        $theirs = explode('.', $version);
        $parts = $ours[0] === '0' ? 2 : 1;

        return \count($theirs) === 3 && \array_slice($ours, 0, $parts) === \array_slice($theirs, 0, $parts);
    }

    private static function load(): FFI
    {
        if (!\extension_loaded('ffi')) {
            throw BackendError::of('PHP has no extension FFI: install it (Debian: it is in php-cli and php-fpm; extension=ffi in php.ini)', 'backend');
        }
        try {
            // What ffi.preload made.
            $ffi = FFI::scope('KESS');
        } catch (FFI\Exception) {
            $ffi = self::open();
        }
        $version = $ffi->kess_version();
        if (!self::fits($version)) {
            throw BackendError::of('libkess is version ' . $version . ', and this package is version ' . self::VERSION . ', which does not fit it: install both of one version', 'backend');
        }

        return $ffi;
    }

    private static function open(): FFI
    {
        $header = (string) file_get_contents(\dirname(__DIR__) . '/kess.ffi.h');
        $names = ['Darwin' => 'libkess.0.dylib', 'Windows' => 'kess.dll'];
        $name = getenv('KESS_LIBRARY');
        if ($name === false || $name === '') {
            $name = $names[\PHP_OS_FAMILY] ?? 'libkess.so.0';
        } elseif (!preg_match('~^(/|[A-Za-z]:[\\\\/])~', $name)) {
            throw BackendError::of('KESS_LIBRARY must be an absolute path of libkess', 'backend');
        }
        try {
            // FFI::cdef takes no directives.
            return FFI::cdef((string) preg_replace('/^#.*$/m', '', $header), $name);
        } catch (FFI\Exception $exception) {
            throw BackendError::of(self::advice($exception->getMessage()), 'backend');
        }
    }

    /** What to do when libkess cannot be opened. */
    private static function advice(string $message): string
    {
        if (!str_contains($message, 'ffi.enable')) {
            return "cannot open libkess: install it, or set KESS_LIBRARY to its absolute path ($message)";
        }
        $preload = \dirname(__DIR__) . '/preload.php';
        $isOn = static fn (string $name): bool => filter_var(\ini_get($name), \FILTER_VALIDATE_BOOL);
        if (\ini_get('ffi.enable') !== 'preload') {
            $line = 'ffi.enable=preload';
        } elseif (!\extension_loaded('Zend OPcache')) {
            $line = 'zend_extension=opcache';
        } elseif (!$isOn('opcache.enable')) {
            $line = 'opcache.enable=1';
        } elseif (\PHP_SAPI === 'cli' && !$isOn('opcache.enable_cli')) {
            $line = 'opcache.enable_cli=1';
        } else {
            $line = "opcache.preload=$preload";
        }

        return "PHP lets only preloaded files use FFI here: php.ini lacks the line $line (README of this package, \"Web servers\")";
    }
}
