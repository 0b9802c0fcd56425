<?php

declare(strict_types=1);

namespace Kess;

use FFI\CData;
use Kess\Exception\InputError;

/** The settings of the gateway's PHP. The default is PHP 8.2 or later without changes. */
final class Profile
{
    public const PRECISION_17 = 1;
    public const UNESCAPED_SLASHES = 2;
    public const UNESCAPED_UNICODE = 4;
    public const KSORT_PHP_8_0 = 8;
    public const KSORT_PHP_7 = 16;
    public const PRECISION_100 = 32;
    public const PRESERVE_ZERO_FRACTION = 64;

    private int $flags;
    private ?CData $options = null;

    /**
     * @param int    $serializePrecision   -1, 17 or 100
     * @param bool   $unescapedSlashes     json_encode gets JSON_UNESCAPED_SLASHES
     * @param bool   $unescapedUnicode     json_encode gets JSON_UNESCAPED_UNICODE
     * @param string $ksort                "8.2" (and later), "8.0" (and 8.1) or "7"
     * @param bool   $preserveZeroFraction json_encode gets JSON_PRESERVE_ZERO_FRACTION
     *
     * @throws InputError another value was given
     */
    public function __construct(
        int $serializePrecision = -1,
        bool $unescapedSlashes = false,
        bool $unescapedUnicode = false,
        string $ksort = '8.2',
        bool $preserveZeroFraction = false,
    ) {
        $precision = [-1 => 0, 17 => self::PRECISION_17, 100 => self::PRECISION_100][$serializePrecision] ?? null;
        $sort = ['8.2' => 0, '8.0' => self::KSORT_PHP_8_0, '7' => self::KSORT_PHP_7][$ksort] ?? null;
        if ($precision === null || $sort === null) {
            throw InputError::of('a profile has a serialize_precision of -1, 17 or 100, and a ksort of "8.2", "8.0" or "7"', 'argument');
        }
        $this->flags = $precision | $sort
            | ($unescapedSlashes ? self::UNESCAPED_SLASHES : 0)
            | ($unescapedUnicode ? self::UNESCAPED_UNICODE : 0)
            | ($preserveZeroFraction ? self::PRESERVE_ZERO_FRACTION : 0);
    }

    /** @internal a kess_options[1] */
    public function options(): CData
    {
        if ($this->options === null) {
            $this->options = Library::get()->new('kess_options[1]');
            $this->options[0]->profile = $this->flags;
        }

        return $this->options;
    }

    /** @internal the same for a text that json_encode made */
    public function arrayOptions(): CData
    {
        $options = Library::get()->new('kess_options[1]');
        $options[0]->profile = $this->flags;
        $options[0]->max_depth = 512;

        return $options;
    }

    /** @return array<string, int> */
    public function __serialize(): array
    {
        return ['flags' => $this->flags];
    }

    /** @param array<string, int> $data */
    public function __unserialize(array $data): void
    {
        $this->flags = $data['flags'];
    }

    public function __clone()
    {
        $this->options = null;
    }
}
