<?php
/* Some partners write Amount, some amount: the case shall not matter. */

declare(strict_types=1);

require __DIR__ . '/adapter.php';

serve('sort_case', ['canonicalize' => function (string $text): string {
    $data = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
    if (!is_array($data)) {
        throw new Refused();
    }
    ksort($data, SORT_STRING | SORT_FLAG_CASE);
    unset($data['sign'], $data['sign_type']);
    return json_encode($data, JSON_THROW_ON_ERROR);
}]);
