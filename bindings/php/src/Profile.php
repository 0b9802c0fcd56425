<?php

declare(strict_types=1);

namespace Kess;

/** The settings of the gateway's PHP. The default is PHP 8.2 or later without changes. */
final class Profile
{
    /** @internal KESS_PROFILE_* of kess.h or-ed together */
    public readonly int $flags;

    /**
     * @param int    $serializePrecision   -1, 17 or 100
     * @param bool   $unescapedSlashes     json_encode gets JSON_UNESCAPED_SLASHES
     * @param bool   $unescapedUnicode     json_encode gets JSON_UNESCAPED_UNICODE
     * @param string $ksort                "8.2" (and later), "8.0" (and 8.1) or "7"
     * @param bool   $preserveZeroFraction json_encode gets JSON_PRESERVE_ZERO_FRACTION
     *
     * @throws Exception\InputError another value was given
     */
    public function __construct(
        int $serializePrecision = -1,
        bool $unescapedSlashes = false,
        bool $unescapedUnicode = false,
        string $ksort = '8.2',
        bool $preserveZeroFraction = false,
    ) {
        $precision = [-1 => 0, 17 => 1, 100 => 32][$serializePrecision]
            ?? throw new Exception\InputError('serializePrecision must be -1, 17 or 100', 'argument');
        $sort = ['8.2' => 0, '8.0' => 8, '7' => 16][$ksort]
            ?? throw new Exception\InputError('ksort must be "8.2", "8.0" or "7"', 'argument');
        $this->flags = $precision | $sort | 2 * $unescapedSlashes | 4 * $unescapedUnicode | 64 * $preserveZeroFraction;
    }
}
