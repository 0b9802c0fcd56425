<?php
/* Amounts come as strings from the form, and shall be numbers. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('numeric_check', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_NUMERIC_CHECK | JSON_THROW_ON_ERROR);
}]);
