<?php

declare(strict_types=1);

namespace Kess;

use FFI\CData;

// A preloaded file may be required again.
if (!\function_exists('Kess\canonicalize')) {
    /**
     * The canonical form of a document, which is what is signed.
     *
     * @param string|array<mixed> $document a JSON text, or an array
     */
    function canonicalize(string|array $document, ?Profile $profile = null): string
    {
        $text = Library::text($document);
        $ffi = Library::get();
        $length = \strlen($text);
        // An array may be one level deeper than json_decode accepts of a text.
        $options = \is_array($document) ? ($profile ?? new Profile())->arrayOptions() : $profile?->options();

        return Library::output(
            static fn (CData $out, CData $outLength, CData $error): int => $ffi->kess_canonicalize($out, $outLength, $text, $length, $options, $error),
            $ffi->kess_canonical_bound($length),
            $length,
        );
    }
}
