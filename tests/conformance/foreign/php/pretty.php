<?php
/* A text that a person can compare. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('pretty', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_PRETTY_PRINT | JSON_THROW_ON_ERROR);
}]);
