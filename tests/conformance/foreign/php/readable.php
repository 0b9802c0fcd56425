<?php
/* Both flags, and the line terminators too: as it is found in many frameworks. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('readable', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE
        | JSON_UNESCAPED_LINE_TERMINATORS;
    return json_encode($data, $flags | JSON_THROW_ON_ERROR);
}]);
