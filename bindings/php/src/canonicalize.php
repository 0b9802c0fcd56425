<?php

declare(strict_types=1);

namespace Kess;

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
        $length = \strlen($text);
        // An array may be one level deeper than json_decode accepts of a text.
        $options = \is_array($document) ? ($profile ?? new Profile())->arrayOptions() : $profile?->options();
        $room = Room::for($length);
        do {
            $status = $room->ffi->kess_canonicalize($room->out, $room->length, $text, $length, $options, $room->error);
        } while ($status === 2 && $room->grow());

        return $room->result($status);
    }
}
