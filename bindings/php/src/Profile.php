<?php

declare(strict_types=1);

namespace Kess;

use Kess\Exception\InputError;

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
     * @throws InputError another value was given
     */
    public function __construct(
        int $serializePrecision = -1,
        bool $unescapedSlashes = false,
        bool $unescapedUnicode = false,
        string $ksort = '8.2',
        bool $preserveZeroFraction = false,
    ) {
        $kess = Library::get();
        $precisions = [-1 => 0, 17 => $kess->KESS_PROFILE_PRECISION_17, 100 => $kess->KESS_PROFILE_PRECISION_100];
        $sorts = ['8.2' => 0, '8.0' => $kess->KESS_PROFILE_KSORT_PHP_8_0, '7' => $kess->KESS_PROFILE_KSORT_PHP_7];
        if (!isset($precisions[$serializePrecision], $sorts[$ksort])) {
            throw new InputError('a profile has a serialize_precision of -1, 17 or 100,'
                . ' and a ksort of "8.2", "8.0" or "7"', 'argument');
        }
        $this->flags = $precisions[$serializePrecision] | $sorts[$ksort]
            | ($unescapedSlashes ? $kess->KESS_PROFILE_UNESCAPED_SLASHES : 0)
            | ($unescapedUnicode ? $kess->KESS_PROFILE_UNESCAPED_UNICODE : 0)
            | ($preserveZeroFraction ? $kess->KESS_PROFILE_PRESERVE_ZERO_FRACTION : 0);
    }
}
