<?php

declare(strict_types=1);

namespace Kess;

// A preloaded file may be required again.
if (!\function_exists('Kess\canonicalize')) {
    /**
     * Return the canonical form of a document: the bytes that are signed.
     *
     * @param string|array<mixed> $document a JSON text, or an array
     * @param Profile|null        $profile  the PHP settings of the gateway; null for PHP 8.2 and later
     *
     * @throws Exception\CanonicalizationError it has none
     * @throws Exception\InputError            the array cannot be encoded exactly
     * @throws Exception\BackendError          libkess failed
     */
    function canonicalize(string|array $document, ?Profile $profile = null): string
    {
        return Library::call('KESS_DO_CANONICALIZE', null, $document, $profile);
    }
}
