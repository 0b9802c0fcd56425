<?php
/* ksort with the flag that sounds right for amounts. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('sort_numeric', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data, SORT_NUMERIC);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
