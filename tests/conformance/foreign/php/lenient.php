<?php
/* Broken bytes are replaced rather than refused, and errors are not looked at. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('lenient', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_INVALID_UTF8_SUBSTITUTE);
    if (!is_array($data)) {
        $data = [];
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_PARTIAL_OUTPUT_ON_ERROR);
}]);
